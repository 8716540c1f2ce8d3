import type { Filter } from '@aws-sdk/client-ec2';
import type { CommandContext } from '../../cli/command-context.ts';
import { findCreated } from '../find-created.ts';
import { cleanupPollOptions } from '../poll-options.ts';
import { RUN_TAG } from '../tags.ts';
import { tagFilter } from './tags.ts';

/**
 * Returns the ids of the resources that a run created, found by its run tag. Use this when the response may be lost.
 * @param kind for people: `A volume`
 */
export function findCreatedByRun(
  context: CommandContext & { runId: string },
  kind: string,
  knownId: string | null,
  list: (filter: Filter) => Promise<{ id: string }[]>,
): Promise<string[]> {
  const { runId, timing } = context;
  const created = {
    subject: `${kind} that AWS may have created`,
    knownId,
    list: async () => (await list(tagFilter(RUN_TAG, runId))).map(({ id }) => id),
    visibilityTimeoutMs: timing.visibilityTimeoutMs,
  };
  // Twice as long, since AWS may not respond for some of the time.
  return findCreated(created, cleanupPollOptions(context, timing.visibilityTimeoutMs * 2));
}

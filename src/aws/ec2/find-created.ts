import type { Filter } from '@aws-sdk/client-ec2';
import { type PollOptions, poll } from '../../cli/poll.ts';
import type { CommandContext } from '../../cli/command-context.ts';
import { cleanupPollOptions } from '../poll-options.ts';
import { RUN_TAG, tagFilter } from './tags.ts';

/** What may have been made, of one kind. */
export interface CreatedResource {
  /** For people: `A volume that AWS may have made`. */
  subject: string;
  /** Null when AWS never said it. */
  knownId: string | null;
  /** Lists, by its tags, what AWS shows. */
  list: () => Promise<string[]>;
  /** For how long to look for what is not listed: it may be too new. */
  visibilityTimeoutMs: number;
}

/** The ids of what was made, be its id known or its answer lost; that which AWS does not list yet is looked for. */
export function findCreated(
  { subject, knownId, list, visibilityTimeoutMs }: CreatedResource,
  waiting: PollOptions,
): Promise<string[]> {
  const giveUpAt = performance.now() + visibilityTimeoutMs;
  const look = async () => {
    const ids = await list();
    const isSeen = knownId === null ? ids.length > 0 : ids.includes(knownId);
    if (!isSeen && performance.now() < giveUpAt) return { pending: 'none seen yet' };
    return { done: [...new Set(knownId === null ? ids : [knownId, ...ids])] };
  };
  return poll(subject, look, waiting);
}

/** The ids of what a run made, of one kind: `A volume`. Its answer may have been lost. */
export function findCreatedByRun(
  context: CommandContext & { runId: string },
  kind: string,
  knownId: string | null,
  list: (ofRun: Filter) => Promise<{ id: string }[]>,
): Promise<string[]> {
  const { timing, runId } = context;
  const made = {
    subject: `${kind} that AWS may have made`,
    knownId,
    list: async () => (await list(tagFilter(RUN_TAG, runId))).map(({ id }) => id),
    visibilityTimeoutMs: timing.visibilityTimeoutMs,
  };
  // twice as long, since AWS may not answer for a while
  return findCreated(made, cleanupPollOptions(context, timing.visibilityTimeoutMs * 2));
}

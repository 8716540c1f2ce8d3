import type { Filter } from '@aws-sdk/client-ec2';
import type { CommandContext } from '../../cli/command-context.ts';
import { type PollOptions, poll } from '../../cli/poll.ts';
import { cleanupPollOptions } from '../poll-options.ts';
import { tagFilter } from './tags.ts';
import { RUN_TAG } from '../tags.ts';

/** A resource that AWS may have created. */
export interface CreatedResource {
  /** The first words of the poll's messages: `A volume that AWS may have created`. */
  subject: string;
  /** Null when the response was lost. */
  knownId: string | null;
  /** Lists the ids of the resources that AWS shows by now. */
  list: () => Promise<string[]>;
  /** How long to poll for a resource that is not listed: AWS's lists are eventually consistent. */
  visibilityTimeoutMs: number;
}

/**
 * Returns the ids of the resources that were created, with `knownId` even if AWS never lists it. Polls past eventual
 * consistency.
 */
export function findCreated(
  { subject, knownId, list, visibilityTimeoutMs }: CreatedResource,
  options: PollOptions,
): Promise<string[]> {
  const deadline = performance.now() + visibilityTimeoutMs;
  const checkListed = async () => {
    const ids = await list();
    const isListed = knownId === null ? ids.length > 0 : ids.includes(knownId);
    if (!isListed && performance.now() < deadline) return { pending: 'none listed yet' };
    return { done: [...new Set(knownId === null ? ids : [knownId, ...ids])] };
  };
  return poll(subject, checkListed, options);
}

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

import type { Filter } from '@aws-sdk/client-ec2';
import { type PollOptions, poll } from '../../cli/poll.ts';
import type { Waits } from '../waits.ts';
import { RUN_TAG, tagFilter } from './tags.ts';

/** What may have been made, of one kind. */
export interface Made {
  /** For people: `A volume that AWS may have made`. */
  what: string;
  /** Null when AWS never said it. */
  knownId: string | null;
  /** Lists, by its tags, what AWS shows. */
  list: () => Promise<string[]>;
  /** For how long to look for what is not listed: it may be too new. */
  unseenMaxMs: number;
}

/** The ids of what was made, be its id known or its answer lost; that which AWS does not list yet is looked for. */
export function findMade(
  { what, knownId, list, unseenMaxMs }: Made,
  waiting: PollOptions,
): Promise<string[]> {
  const giveUpAt = performance.now() + unseenMaxMs;
  const look = async () => {
    const ids = await list();
    const isSeen = knownId === null ? ids.length > 0 : ids.includes(knownId);
    if (!isSeen && performance.now() < giveUpAt) return { pending: 'none seen yet' };
    return { done: [...new Set(knownId === null ? ids : [knownId, ...ids])] };
  };
  return poll(what, look, waiting);
}

/** The run that made something. */
export interface Maker extends Pick<Waits, 'undoing'> {
  runId: string;
  pace: { lostMaxMs: number };
}

/** The ids of what a run made, of one kind: `A volume`. Its answer may have been lost. */
export function findOfRun(
  { pace, runId, undoing }: Maker,
  kind: string,
  knownId: string | null,
  list: (ofRun: Filter) => Promise<{ id: string }[]>,
): Promise<string[]> {
  const made = {
    what: `${kind} that AWS may have made`,
    knownId,
    list: async () => (await list(tagFilter(RUN_TAG, runId))).map(({ id }) => id),
    unseenMaxMs: pace.lostMaxMs,
  };
  // twice as long, since AWS may not answer for a while
  return findMade(made, undoing(pace.lostMaxMs * 2));
}

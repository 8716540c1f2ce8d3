import { type PollOptions, poll } from '../cli/poll.ts';

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

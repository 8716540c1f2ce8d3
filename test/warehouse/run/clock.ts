import { onTestFinished, vi } from 'vitest';
import type { World } from './world.ts';

const REQUEST_MS = 50;

/**
 * Lets time go by, for deadlines, with what is asked of AWS alone: so that one leaves time for as many looks on a
 * slow machine as on a fast one.
 */
export function countRequestsAsTime({ aws }: World): void {
  const now = vi.spyOn(performance, 'now').mockImplementation(() => aws.asked.length * REQUEST_MS);
  onTestFinished(() => now.mockRestore());
}

const SLOTS = 65_536;

/**
 * Tells whether somebody asked for the same a short while ago. What is asked for once is not worth keeping:
 * those who read the oldest pages, one after another, would push out what everybody reads.
 * @returns a function of a number; it remembers some ten thousands of those that it was given last
 */
export function createIsAskedAgain(): (wanted: number) => boolean {
  const lastAsked = new Float64Array(SLOTS).fill(NaN);
  return (wanted) => {
    const slot = wanted % SLOTS;
    const isAgain = lastAsked[slot] === wanted;
    lastAsked[slot] = wanted;
    return isAgain;
  };
}

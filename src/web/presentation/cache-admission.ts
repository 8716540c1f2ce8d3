const SLOTS = 65_536;

/**
 * Tells whether somebody has asked for the same, not too many others ago. What is asked for once is not worth
 * keeping: those who read the oldest pages, one after another, would push out what everybody reads.
 * @returns a function of a whole number, which it remembers until it gets another with the same remainder
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

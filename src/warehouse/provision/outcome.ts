/** The last line that userdata/warehouse.sh prints to the console when it succeeds. */
export const READY = "MiniTwit's warehouse is ready: create the image now.";
const FAILED = /The image of the warehouse was not created: .*/;

/** Returns the outcome of the script from a console's output: `ready`, its problem, or null while it runs. */
export function parseOutcome(output: string): 'ready' | { problem: string } | null {
  if (output.includes(READY)) return 'ready';
  const [problem] = FAILED.exec(output) ?? [];
  return problem === undefined ? null : { problem: problem.trim() };
}

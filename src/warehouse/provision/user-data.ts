import { readFile } from 'node:fs/promises';

// The path is the same from src/ and from dist/.
const SCRIPT = new URL('../../../userdata/warehouse.sh', import.meta.url);

/** The last line that a successful script prints to the console. */
export const READY = "MiniTwit's warehouse is ready: create the image now.";
const FAILED = /The image of the warehouse was not created: .*/;

/**
 * Returns userdata/warehouse.sh with these settings. Values must not contain single quotes.
 * @param settings by the variables of the script, such as `VOLUME_ID`
 */
export async function renderScript(settings: Record<string, string>): Promise<string> {
  let script = await readFile(SCRIPT, 'utf8');
  for (const [name, value] of Object.entries(settings)) {
    const line = new RegExp(`^${name}='.*'$`, 'm');
    if (!line.test(script) || value.includes("'")) throw new Error(`${name} cannot be set.`);
    script = script.replace(line, () => `${name}='${value}'`);
  }
  return script;
}

/** Returns the outcome of the script from a console's output: `ready`, its problem, or null while it runs. */
export function parseOutcome(output: string): 'ready' | { problem: string } | null {
  if (output.includes(READY)) return 'ready';
  const [problem] = FAILED.exec(output) ?? [];
  return problem === undefined ? null : { problem: problem.trim() };
}

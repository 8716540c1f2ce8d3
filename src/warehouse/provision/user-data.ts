import { readFile } from 'node:fs/promises';

// as far from here in dist/ as in src/
const SCRIPT = new URL('../../../userdata/warehouse.sh', import.meta.url);

/** What the script says last on the console. */
export const READY = "MiniTwit's warehouse is ready: create the image now.";
const FAILED = /The image of the warehouse was not made: .*/;

/**
 * userdata/warehouse.sh with these settings, each in its line. Their values hold no quotes.
 * @param settings by the script's names: `VOLUME_ID`
 */
export async function renderScript(settings: Record<string, string>): Promise<string> {
  let script = await readFile(SCRIPT, 'utf8');
  for (const [name, value] of Object.entries(settings)) {
    const line = new RegExp(`^${name}='.*'$`, 'm');
    if (!line.test(script) || value.includes("'")) throw new Error(`${name} cannot be filled in`);
    script = script.replace(line, () => `${name}='${value}'`);
  }
  return script;
}

/** What a console says of the script: that it is `ready`, why it failed, or null for nothing yet. */
export function parseOutcome(console: string): 'ready' | { problem: string } | null {
  if (console.includes(READY)) return 'ready';
  const [problem] = FAILED.exec(console) ?? [];
  return problem === undefined ? null : { problem: problem.trim() };
}

import { readFile } from 'node:fs/promises';

// The path is the same from src/ and from dist/.
const FOLDER = new URL('../../userdata/', import.meta.url);

/**
 * Returns a script of userdata/ with these settings. Values must not contain single quotes.
 * @param settings by the variables of the script, such as `VOLUME_ID`
 */
export async function renderUserData(
  name: 'warehouse.sh' | 'warehouse-run.sh',
  settings: Record<string, string>,
): Promise<string> {
  let script = await readFile(new URL(name, FOLDER), 'utf8');
  for (const [variable, value] of Object.entries(settings)) {
    const line = new RegExp(`^${variable}='.*'$`, 'm');
    if (!line.test(script) || value.includes("'")) throw new Error(`${variable} cannot be set.`);
    script = script.replace(line, () => `${variable}='${value}'`);
  }
  return script;
}

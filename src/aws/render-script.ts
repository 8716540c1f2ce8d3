import { readFile } from 'node:fs/promises';

// The path is the same from src/ and from dist/.
const FOLDER = new URL('../../userdata/', import.meta.url);
// Scripts for Run Command include these functions, because Run Command sends one text.
const FUNCTIONS = 'instance-functions.sh';
const INCLUDE = `. "$(dirname "$0")/${FUNCTIONS}"`;

/**
 * Returns a script of `userdata/` for an instance: with these values of its variables, and with the functions that it
 * includes.
 * @param variables the values of the lines `export NAME='DEFAULT'`. They must not be secret, since AWS stores them
 * @throws Error if the script does not have each of the variables
 */
export async function renderScript(
  file: string,
  variables: Record<string, string> = {},
): Promise<string> {
  const readScript = (name: string) => readFile(new URL(name, FOLDER), 'utf8');
  const functions = (await readScript(FUNCTIONS)).replace(/^#!.*\n/, '');
  let script = (await readScript(file)).replace(INCLUDE, () => functions);
  for (const [name, value] of Object.entries(variables)) {
    const assignment = new RegExp(`^export ${name}='[^']*'`, 'm');
    if (!assignment.test(script)) throw new Error(`userdata/${file} has no variable ${name}.`);
    const quoted = `'${value.replaceAll("'", String.raw`'\''`)}'`;
    script = script.replace(assignment, () => `export ${name}=${quoted}`);
  }
  return script;
}

import { readFile } from 'node:fs/promises';

const FOLDER = new URL('../../../userdata/', import.meta.url);
// Each script includes these functions, because Run Command sends one text.
const FUNCTIONS = 'read-secret.sh';
const INCLUDE = `. "$(dirname "$0")/${FUNCTIONS}"`;

/**
 * Returns a script of `userdata/` for Run Command: with these values of its variables, and with the functions that it
 * includes.
 * @param variables the values of the lines `export NAME=''`. They must not be secret, since Run Command stores them
 * @throws Error if the script does not have each of the variables
 */
export async function renderScript(
  file: string,
  variables: Record<string, string>,
): Promise<string> {
  const readScript = (name: string) => readFile(new URL(name, FOLDER), 'utf8');
  const functions = (await readScript(FUNCTIONS)).replace(/^#!.*\n/, '');
  let script = (await readScript(file)).replace(INCLUDE, () => functions);
  for (const [name, value] of Object.entries(variables)) {
    const line = `export ${name}=''`;
    if (!script.includes(line)) throw new Error(`userdata/${file} has no variable ${name}.`);
    const quoted = `'${value.replaceAll("'", String.raw`'\''`)}'`;
    script = script.replace(line, () => `export ${name}=${quoted}`);
  }
  return script;
}

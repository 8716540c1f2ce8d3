import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A call of the fake plugin: its parameters, and the session in its environment. */
export interface PluginCall {
  parameters: string[];
  session: string | undefined;
}

/** A program in place of AWS's Session Manager plugin. */
export interface FakePlugin {
  /** The environment in which this program is the plugin. */
  env: Record<string, string>;
  readCall: () => Promise<PluginCall>;
}

/**
 * Installs a program that has this version, records its call, and then runs these lines of a shell. They can use the
 * variable FOLDER.
 */
export async function installFakePlugin(
  lines = '',
  version = '1.2.707.0',
): Promise<FakePlugin & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-plugin-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const record = `${process.execPath} -e '
    const { argv, env } = process;
    fs.writeFileSync("${folder}/call", JSON.stringify({
      parameters: argv.slice(1), session: env.AWS_SSM_START_SESSION_RESPONSE,
    }))' -- "$@"`;
  const text = `#!/bin/bash
[ "$1" = --version ] && { echo '${version}'; exit; }
FOLDER='${folder}'
${record}
${lines}
`;
  await writeFile(join(folder, 'session-manager-plugin'), text, { mode: 0o755 });
  return {
    folder,
    env: { PATH: `${folder}:${process.env.PATH}` },
    readCall: async () => JSON.parse(await readFile(join(folder, 'call'), 'utf8')) as PluginCall,
  };
}

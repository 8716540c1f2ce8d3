import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Defer } from './cleanup.ts';
import { reservePort } from './ports.ts';
import { type Program, startCommand } from './programs.ts';
import { findTool } from './tools.ts';
import { waitFor } from './wait-for.ts';

/** The load balancer of compose.yaml. */
export interface LoadBalancer {
  url: string;
  program: Program;
}

/**
 * Starts HAProxy as in compose.yaml, in front of instances on these ports of this machine.
 * @param options.retries how often HAProxy tries another instance after a failed connection. The default is that of
 *   compose.yaml
 */
export async function startLoadBalancer(
  ports: number[],
  defer: Defer,
  { retries }: { retries?: number } = {},
): Promise<LoadBalancer> {
  const port = await reservePort(defer);
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-haproxy-'));
  defer(() => rm(folder, { recursive: true }));
  const file = join(folder, 'haproxy.cfg');
  let config = await readFile('compose/haproxy.cfg', 'utf8');
  config = config.replace('bind :8080', `bind 127.0.0.1:${port}`);
  for (const [index, instance] of ports.entries()) {
    config = config.replaceAll(`minitwit-${index + 1}:5000`, `127.0.0.1:${instance}`);
  }
  if (config.includes(':5000'))
    throw new Error('compose/haproxy.cfg has more instances than ports were given.');
  if (retries !== undefined) config = config.replace(/^ {2}retries .*$/m, `  retries ${retries}`);
  await writeFile(file, config);

  const command = [findTool('haproxy'), '-db', '-f', file];
  const program = startCommand(command, {}, { outlivesTest: true });
  defer(async () => {
    program.process.kill('SIGKILL');
    await program.ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await waitFor('the load balancer answers', async () => {
    if (program.process.exitCode !== null) throw new Error(program.output.stderr);
    return fetch(`${url}/static/favicon.svg`).then(
      () => true,
      () => false,
    );
  });
  return { url, program };
}

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOrInstall } from '../../src/apt.ts';
import { findFreePort } from '../../src/database/private-mariadb.ts';
import type { AtEnd } from './at-end.ts';
import { until } from './until.ts';

/**
 * Starts HAProxy, as compose.yaml runs it, before instances at these ports; gives its URL.
 * @param options.retries how often it asks another instance when it could not connect to one; as
 *   compose.yaml has it by default
 */
export async function startLoadBalancer(
  ports: number[],
  { retries }: { retries?: number },
  atEnd: AtEnd,
): Promise<string> {
  const haproxy = findOrInstall(
    'haproxy',
    'haproxy',
    (problem) =>
      `The tests of the cluster need HAProxy, and it could not be installed: ${problem}.`,
  );
  const port = await findFreePort();
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  let config = (await readFile('compose/haproxy.cfg', 'utf8'))
    .replace(/^resolvers [^]*?\n\n/m, '')
    .replace(' resolvers network init-addr libc,none', '')
    .replace('bind :8080', `bind 127.0.0.1:${port}`);
  for (const [index, instance] of ports.entries()) {
    config = config.replaceAll(`minitwit-${index + 1}:5000`, `127.0.0.1:${instance}`);
  }
  if (retries !== undefined) config = config.replace(/^ {2}retries .*$/m, `  retries ${retries}`);
  await writeFile(file, config);
  const balancer = spawn(haproxy, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  balancer.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  atEnd(async () => {
    balancer.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  const url = `http://127.0.0.1:${port}`;
  await until('the load balancer finds the instances ready', async () => {
    if (balancer.exitCode !== null) throw new Error(complaints);
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    return answer?.status === 200;
  });
  return url;
}

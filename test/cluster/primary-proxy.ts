import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Defer } from '../support/cleanup.ts';
import { reservePort } from '../support/ports.ts';
import { startCommand } from '../support/programs.ts';
import { findTool } from '../support/tools.ts';

/** The user of the checks: without a password and without privileges. */
export const CHECK_USER = 'haproxy';

// The response repeats an expression without a name, so the expression must not contain the expected text.
const QUERY = "select concat('ROLE=', if(@@global.super_read_only, 'REPLICA', 'PRIMARY')) as role";
// CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION and CLIENT_PLUGIN_AUTH.
const CAPABILITIES = 0x00088200;
const UTF8MB4 = 45;

/**
 * Starts HAProxy in front of MySQL servers on these ports of this machine. It leads to one server that is not read-only,
 * and closes all connections to a server that becomes read-only or does not answer. Returns its port.
 */
export async function startPrimaryProxy(ports: number[], defer: Defer): Promise<number> {
  const port = await reservePort(defer);
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-primary-proxy-'));
  defer(() => rm(folder, { recursive: true }));
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, createConfig(port, ports));
  const command = [findTool('haproxy'), '-db', '-f', file];
  const program = startCommand(command, {}, { outlivesTest: true });
  defer(async () => {
    program.process.kill('SIGKILL');
    await program.ended;
  });
  return port;
}

function createConfig(port: number, ports: number[]): string {
  const servers = ports.map(
    (each, index) =>
      `  server mysql-${index + 1} 127.0.0.1:${each} check inter 200ms fall 1 rise 1 on-marked-down shutdown-sessions`,
  );
  return `defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  timeout check 3s

listen primary
  bind 127.0.0.1:${port}
  # A primary that leaves the group, or resumes, is writable for some time although another server already is the
  # primary. All connections lead to one server until its check fails. With a table of size 1, parallel connections
  # would lead to both.
  stick-table type integer size 1k
  stick on int(1)
  option tcp-check
  tcp-check connect
  # The greeting of protocol version 10.
  tcp-check expect min-recv 5 rbinary ^......000A
  tcp-check send-binary ${formatPacket(1, createLogin())}
  tcp-check expect min-recv 5 rbinary ^......0200
  tcp-check send-binary ${formatPacket(0, Buffer.from(`\x03${QUERY}`))}
  # A replica's response is as long, so the check ends at once.
  tcp-check expect min-recv 60 string ROLE=PRIMARY
${servers.join('\n')}
`;
}

function createLogin(): Buffer {
  const numbers = Buffer.alloc(32);
  numbers.writeUInt32LE(CAPABILITIES, 0);
  numbers.writeUInt32LE(2 ** 24 - 1, 4);
  numbers.writeUInt8(UTF8MB4, 8);
  const texts = `${CHECK_USER}\0\0caching_sha2_password\0`;
  return Buffer.concat([numbers, Buffer.from(texts)]);
}

/** Formats a packet of MySQL's protocol in hexadecimal. */
function formatPacket(sequence: number, body: Buffer): string {
  const header = Buffer.alloc(4);
  header.writeUIntLE(body.length, 0, 3);
  header.writeUInt8(sequence, 3);
  return Buffer.concat([header, body]).toString('hex');
}

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Defer } from './cleanup.ts';
import type { KeyPair } from './certificates.ts';
import { reservePort } from './ports.ts';
import { type Program, startCommand } from './programs.ts';
import { findTool } from './tools.ts';
import { waitFor } from './wait-for.ts';

const DOCUMENTED_HOST = 'minitwit.example.com';
/** The host name of the proxy in tests. */
export const HOST = 'minitwit.test';

/** The proxies that docs/proxies.md configures. */
export type ProxyName = 'nginx' | 'caddyfile' | 'apache';

interface Site {
  folder: string;
  port: number;
  certificate: KeyPair;
}

/**
 * Starts a proxy as docs/proxies.md configures it, in front of a server on a port of this machine.
 * @returns the port on which it serves https for `HOST`
 */
export async function startProxy(
  name: ProxyName,
  { upstream, certificate }: { upstream: number; certificate: KeyPair },
  defer: Defer,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), `minitwit-${name}-`));
  defer(() => rm(folder, { recursive: true }));
  // The workers of a proxy that root has started run as another user.
  await chmod(folder, 0o755);
  const site: Site = { folder, port: await reservePort(defer), certificate };
  const text = (await readDocumented(name)).replaceAll('127.0.0.1:5000', `127.0.0.1:${upstream}`);
  const program = await STARTERS[name](text, site);
  defer(async () => {
    // The whole process group, since workers would outlive the main process.
    process.kill(-(program.process.pid ?? 0), 'SIGKILL');
    await program.ended;
  });
  await waitFor(`${name} listens`, async () => {
    if (program.process.exitCode !== null) throw new Error(program.output.stderr);
    return isListening(site.port);
  });
  return site.port;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Returns the only block of docs/proxies.md in a language. */
async function readDocumented(language: string): Promise<string> {
  const text = await readFile('docs/proxies.md', 'utf8');
  const [block, ...others] = text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'));
  if (!block || others.length > 0)
    throw new Error(`docs/proxies.md must have exactly one ${language} block.`);
  return block[1] ?? '';
}

/** Replaces texts. @throws Error if a text does not occur */
function replaceEach(text: string, replacements: [from: string | RegExp, to: string][]): string {
  return replacements.reduce((before, [from, to]) => {
    const after = before.replaceAll(from, to);
    if (after === before) throw new Error(`The configuration does not contain ${from}.`);
    return after;
  }, text);
}

const withCertificate = ({ port, certificate }: Site): [string | RegExp, string][] => [
  [
    new RegExp(`/etc/letsencrypt/live/${DOCUMENTED_HOST}/fullchain.pem`, 'g'),
    certificate.certificate,
  ],
  [new RegExp(`/etc/letsencrypt/live/${DOCUMENTED_HOST}/privkey.pem`, 'g'), certificate.key],
  [DOCUMENTED_HOST, HOST],
  [/\b443\b/g, String(port)],
];

const STARTERS: Record<ProxyName, (documented: string, site: Site) => Promise<Program>> = {
  async nginx(documented, site) {
    const { folder } = site;
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${folder}/${kind};`,
    );
    const server = replaceEach(documented, [
      ...withCertificate(site),
      ['listen ', 'listen 127.0.0.1:'],
    ]);
    return start(
      folder,
      [findTool('nginx'), '-e', 'stderr', '-p', folder, '-c'],
      [
        `daemon off; pid ${folder}/pid;`,
        process.getuid?.() === 0 ? 'user root;' : '',
        `events {}\nhttp { access_log off; ${temporary.join(' ')}\n${server}}`,
      ],
    );
  },

  async caddyfile(documented, { folder, port, certificate }) {
    const site = replaceEach(documented, [
      [
        `${DOCUMENTED_HOST} {`,
        `https://${HOST}:${port} {\n\tbind 127.0.0.1\n\ttls ${certificate.certificate} ${certificate.key}`,
      ],
    ]);
    const command = [findTool('caddy'), 'run', '--adapter', 'caddyfile', '--config'];
    return start(folder, command, ['{\n\tadmin off\n\tauto_https off\n}', site]);
  },

  async apache(documented, site) {
    const program = findTool('apache2', 'apache2-bin');
    const unpacked = program.includes('/programs/') ? dirname(dirname(program)) : '';
    const modules = 'mpm_event authz_core ssl headers proxy proxy_http'
      .split(' ')
      .map(
        (name) => `LoadModule ${name}_module ${unpacked}/usr/lib/apache2/modules/mod_${name}.so`,
      );
    const { folder, port } = site;
    const host = replaceEach(documented, [...withCertificate(site), ['*:', '127.0.0.1:']]);
    return start(
      folder,
      [program, '-D', 'FOREGROUND', '-d', folder, '-f'],
      [
        ...modules,
        `Listen 127.0.0.1:${port}\nServerName ${HOST}\nPidFile ${folder}/pid\nErrorLog ${folder}/error.log`,
        `DefaultRuntimeDir ${folder}`,
        process.getuid?.() === 0 ? 'User nobody\nGroup nogroup' : '',
        host,
      ],
    );
  },
};

async function start(folder: string, command: string[], lines: string[]): Promise<Program> {
  const file = join(folder, 'configuration');
  await writeFile(file, `${lines.join('\n')}\n`);
  const settings = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  return startCommand([...command, file], settings, { cwd: folder, outlivesTest: true });
}

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CACHE, findTool, versionOf } from '../support/tools.ts';

const execute = promisify(execFile);
const TEMPORARY = join(CACHE, 'tmp');
const NPM_CACHE = join(CACHE, 'npm');
// the release that the Dockerfile's own base is made of, and an npm like the one that it brings
const DEBIAN = 'trixie';
const NPM = 'npm@11.21.2';

// Apart from the machine's own images. What podman keeps while it runs must not outlive a reboot.
const STORAGE = ['--root', join(CACHE, 'containers'), '--runroot', '/run/minitwit-test'];
const NO_SYSTEMD = ['--cgroup-manager', 'cgroupfs', '--events-backend', 'file'];
// The format that knows HEALTHCHECK; what npm has fetched before is at hand.
const BUILD = ['--format=docker', '--network=host', `--volume=${NPM_CACHE}:/root/.npm`];
const RUN = [
  '--rm',
  '--network=host',
  // systemd would have to repeat it; the tests run its command themselves
  '--no-healthcheck',
  // podman's own limits are more than some machines have to give
  '--ulimit=nofile=1024:1024',
  '--ulimit=nproc=1024:1024',
];

/** Runs podman, and returns what it said on stdout. Fails with all that it said, and its `code`. */
export async function podman(...parameters: string[]): Promise<string> {
  await mkdir(TEMPORARY, { recursive: true });
  const [command = '', ...rest] = podmanCommand(...parameters);
  const env = { ...process.env, TMPDIR: TEMPORARY };
  const { stdout } = await execute(command, rest, { env, maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

/** The command line that runs a program in a new container, for as long as the program runs. */
export function runCommand(...parameters: string[]): string[] {
  return podmanCommand('run', ...RUN, ...parameters);
}

/** Runs a program in a container to its end, and returns what it said on stdout. */
export function runInContainer(...parameters: string[]): Promise<string> {
  return podman('run', ...RUN, ...parameters);
}

/**
 * Builds the image from the files of a folder. What did not change since the last time is not built anew.
 * @returns its id, and that of what it is based on
 */
export async function buildImage(folder: string): Promise<{ image: string; base: string }> {
  const base = await makeBase();
  await mkdir(NPM_CACHE, { recursive: true });
  const image = await podman('build', ...BUILD, '--quiet', '--build-arg', `BASE=${base}`, folder);
  // layers of sources that have changed since
  await podman('image', 'prune', '--force', '--filter', 'until=24h');
  return { image, base };
}

/**
 * Makes what stands in for Node's official image, which only a registry has: the same Debian, with the
 * Node of these tests, and npm. It is kept.
 */
async function makeBase(): Promise<string> {
  const name = `localhost/minitwit-base:${versionOf([DEBIAN, NPM, process.version, process.arch])}`;
  const found = await podman('images', '--quiet', name);
  if (found) return found;

  const folder = await mkdtemp(join(TEMPORARY, 'base-'));
  try {
    const archive = join(folder, 'base.tar');
    await makeDebian(archive, await makeUsrLocal(join(folder, 'local')));
    return await podman('import', '--quiet', '--change', `ENV ${CERTIFICATES_ENV}`, archive, name);
  } finally {
    await rm(folder, { recursive: true });
  }
}

// Where npm's registry is reached through a proxy, the machine knows its authority, but Node does not.
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const CERTIFICATES_ENV = `NODE_EXTRA_CA_CERTS=${CERTIFICATES}`;

async function makeUsrLocal(folder: string): Promise<string> {
  const npm = ['install', '--global', '--prefix', folder, '--ignore-scripts', NPM];
  await mkdir(join(folder, 'lib'), { recursive: true });
  await execute('npm', npm);
  await cp(process.execPath, join(folder, 'bin/node'));
  return folder;
}

async function makeDebian(archive: string, local: string): Promise<void> {
  const hooks = [
    `cp --recursive --no-dereference "${local}/." "$1/usr/local"`,
    `mkdir --parents "$1/etc/ssl/certs"`,
    `if [ -e ${CERTIFICATES} ]; then cp ${CERTIFICATES} "$1/etc/ssl/certs"; fi`,
  ];
  await execute(findTool('mmdebstrap'), [
    '--quiet',
    '--variant=essential',
    '--include=libstdc++6',
    ...hooks.map((hook) => `--customize-hook=${hook}`),
    DEBIAN,
    archive,
    'http://deb.debian.org/debian',
  ]);
}

function podmanCommand(...parameters: string[]): string[] {
  return [findTool('podman'), ...STORAGE, ...NO_SYSTEMD, ...parameters];
}

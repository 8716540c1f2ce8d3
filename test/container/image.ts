import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runOrThrow } from '../support/run-command.ts';
import { CACHE, hashRecipe, withLock } from '../support/cache.ts';
import { createDebianRoot } from '../support/debian.ts';
import { LIMITS, podman } from './podman.ts';

const NPM_CACHE = join(CACHE, 'npm');
// Only the format docker stores HEALTHCHECK. The volume caches the packages that npm downloads.
const BUILD = ['--format=docker', '--network=host', `--volume=${NPM_CACHE}:/root/.npm`, ...LIMITS];

// The Dockerfile's base image has this release of Debian, and an npm of this major version.
const DEBIAN = 'trixie';
const NPM = 'npm@11.21.2';

/**
 * Builds the image from the files of a folder. podman builds only the steps whose files have changed since the last
 * time.
 * @returns the ids of the image and of its base
 */
export async function buildImage(folder: string): Promise<{ image: string; base: string }> {
  const base = await findBase();
  await mkdir(NPM_CACHE, { recursive: true });
  const image = await podman('build', ...BUILD, '--quiet', '--build-arg', `BASE=${base}`, folder);
  // Builds of older sources leave unused layers.
  await podman('image', 'prune', '--force', '--filter', 'until=24h');
  return { image, base };
}

/**
 * Returns the id of an image that replaces Node's official one, which needs a registry. It has the same Debian, the
 * Node of these tests, and npm. All clones on this machine share it.
 */
async function findBase(): Promise<string> {
  const name = `localhost/minitwit-base:${hashRecipe([DEBIAN, NPM, process.version, process.arch])}`;
  const find = () => podman('images', '--quiet', name);
  return (
    (await find()) ||
    withLock(join(CACHE, 'container-base.lock'), async () => (await find()) || createBase(name))
  );
}

async function createBase(name: string): Promise<string> {
  const folder = await mkdtemp(join(CACHE, 'tmp/base-'));
  try {
    const archive = join(folder, 'base.tar');
    await createBaseArchive(archive, await createUsrLocal(join(folder, 'local')));
    return await podman('import', '--quiet', '--change', `ENV ${CERTIFICATES_ENV}`, archive, name);
  } finally {
    await rm(folder, { recursive: true });
  }
}

// If a proxy stands between this machine and npm's registry, this machine trusts the proxy's certificate authority, but
// Node does not.
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const CERTIFICATES_ENV = `NODE_EXTRA_CA_CERTS=${CERTIFICATES}`;

async function createUsrLocal(folder: string): Promise<string> {
  const npm = ['install', '--global', '--prefix', folder, '--ignore-scripts', NPM];
  await mkdir(join(folder, 'lib'), { recursive: true });
  await runOrThrow('npm', ...npm);
  await cp(process.execPath, join(folder, 'bin/node'));
  return folder;
}

async function createBaseArchive(archive: string, local: string): Promise<void> {
  const hooks = [
    `cp --recursive --no-dereference "${local}/." "$1/usr/local"`,
    `mkdir --parents "$1/etc/ssl/certs"`,
    `if [ -e ${CERTIFICATES} ]; then cp ${CERTIFICATES} "$1/etc/ssl/certs"; fi`,
  ];
  const options = [
    '--variant=essential',
    '--include=libstdc++6',
    ...hooks.map((hook) => `--customize-hook=${hook}`),
  ];
  await createDebianRoot(DEBIAN, options, archive);
}

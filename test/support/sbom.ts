import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { z } from 'zod';

const sbomFile = z.object({
  bomFormat: z.literal('CycloneDX'),
  metadata: z.object({ component: z.object({ purl: z.string().startsWith('pkg:npm/minitwit@') }) }),
  components: z.array(z.object({ purl: z.string() })),
});
const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string(),
      dev: z.boolean().default(false),
      optional: z.boolean().default(false),
    }),
  ),
});

/** Expects that an SBOM in CycloneDX's format lists the production packages of package-lock.json, and no others. */
export async function expectSbom(text: string): Promise<void> {
  const { components } = sbomFile.parse(JSON.parse(text));
  const listed = components.map(({ purl }) => decodeURIComponent(purl.replace('pkg:npm/', '')));

  const { packages } = lockFile.parse(JSON.parse(await readFile('package-lock.json', 'utf8')));
  const locked = Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path, { version, optional }]) => ({
      name: `${path.replace(/^.*node_modules\//, '')}@${version}`,
      optional,
    }));
  expect(locked.map(({ name }) => name)).toEqual(expect.arrayContaining(listed));
  // npm only installs the optional packages for the machine's processor and system.
  const required = locked.filter(({ optional }) => !optional).map(({ name }) => name);
  expect(listed).toEqual(expect.arrayContaining(required));
}

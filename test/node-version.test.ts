import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const read = (path: string) => readFileSync(path, 'utf8');
const { engines, devDependencies } = z
  .object({
    engines: z.object({ node: z.string() }),
    devDependencies: z.object({ node: z.string(), '@types/node': z.string() }),
  })
  .parse(JSON.parse(read('package.json')));

/** Returns what the first group of a pattern matches in a file: each match once. */
function findAll(path: string, pattern: RegExp): string[] {
  return [...new Set(Array.from(read(path).matchAll(pattern), ([, version = '']) => version))];
}

test('every place that chooses the Node of the programs chooses the same major version', () => {
  const major = read('.nvmrc').trim();
  const places = {
    'package.json': [devDependencies.node, devDependencies['@types/node']].map(
      (version) => version.split('.')[0],
    ),
    'src/dev/setup.sh': findAll('src/dev/setup.sh', /\bNode (\d+)\b/g),
    'userdata/image.sh': findAll('userdata/image.sh', /\b(?:nodejs|node-|Node\.js )(\d+)/g),
    Dockerfile: findAll('Dockerfile', /\bnode:(\d+)/g),
  };
  for (const [place, versions] of Object.entries(places)) {
    expect(new Set(versions), place).toEqual(new Set([major]));
  }
  for (const workflow of globSync('.github/workflows/*.yml')) {
    expect(read(workflow), workflow).not.toMatch(/node-version:/);
  }
});

test("the documents require the Node that package.json requires of a developer's machine", () => {
  const [, major = ''] = /^>=(\d+)$/.exec(engines.node) ?? [];
  for (const document of ['README.md', 'docs/going-live.md']) {
    expect(findAll(document, /Node\.js (\d+)/g), document).toEqual([major]);
  }
  // AWS's SDK supports Node 22 or later from January 2027.
  expect(Number(major)).toBeGreaterThanOrEqual(22);
});

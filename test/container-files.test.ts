import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const service = z.object({
  image: z.string(),
  build: z.string().optional(),
  mem_limit: z.string().optional(),
  pids_limit: z.number().optional(),
});
const compose = z
  .object({ services: z.record(z.string(), service) })
  .parse(parse(readFileSync('compose.yaml', 'utf8'), { merge: true }));
const dockerfile = readFileSync('Dockerfile', 'utf8');
const workflow = readFileSync('.github/workflows/ci.yml', 'utf8');

// Its registry could not be reached for a digest, and the image is only a server for tests.
const BY_TAG = new Set(['motoserver/moto:5.2.4']);

test('every third-party image is pinned by tag and digest', () => {
  const own = Object.values(compose.services).find(({ build }) => build)?.image;
  const ofServices = Object.values(compose.services).map(({ image }) => image);
  const ofWorkflow = Array.from(workflow.matchAll(/^ +image: (\S+)$/gm), ([, image = '']) => image);
  const bases = Array.from(dockerfile.matchAll(/^ARG BASE=(.*)$/gm), ([, image = '']) => image);
  const images = [...bases, ...ofServices, ...ofWorkflow].filter((image) => image !== own);
  expect(images.length).toBeGreaterThan(4);
  for (const image of images.filter((each) => !BY_TAG.has(each))) {
    expect(image).toMatch(/^[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
  }
});

test('each stage of the Dockerfile starts from `BASE`', () => {
  const froms = Array.from(dockerfile.matchAll(/^FROM (\S+)/gm), ([, image]) => image);
  expect(new Set(froms)).toEqual(new Set(['${BASE}']));
});

test('the tests on MySQL in CI use the image of compose.yaml', () => {
  expect(workflow).toContain(`image: ${compose.services.mysql?.image}\n`);
});

test('every third-party action is pinned by commit', () => {
  const workflows = globSync('.github/workflows/*.yml').map((path) => readFileSync(path, 'utf8'));
  expect(workflows.length).toBeGreaterThan(1);
  const actions = Array.from(
    workflows.join('\n').matchAll(/uses: (.*)$/gm),
    ([, action = '']) => action,
  );
  expect(actions.length).toBeGreaterThan(1);
  for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v[\d.]+$/);
});

test('an instance cannot take all memory or processes', () => {
  const instances = Object.entries(compose.services).filter(([name]) =>
    name.startsWith('minitwit'),
  );
  expect(instances.length).toBeGreaterThan(1);
  for (const [name, { mem_limit, pids_limit }] of instances) {
    expect([mem_limit, pids_limit], name).toEqual(['512m', 256]);
  }
});

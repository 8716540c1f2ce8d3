import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const documents = globSync(['*.md', '{docs,bench}/**/*.md']);
const readProse = (path: string) =>
  readFileSync(path, 'utf8').replaceAll(/^ *```[^]*?^ *```/gm, '');

/**
 * Returns whether a link of a document leads to a file or a heading. Headings have the anchors that GitHub generates.
 */
function isValid(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : join(dirname(document), path);
  if (!existsSync(target) || anchor === undefined) return existsSync(target);
  const headings = Array.from(readProse(target).matchAll(/^#+ (.*)$/gm), ([, text = '']) => text);
  const anchors = headings.map((it) => it.toLowerCase().replaceAll(/[^\w -]/g, ''));
  return anchors.some((it) => it.replaceAll(' ', '-') === anchor);
}

test.each(documents)('all links and paths in %s are valid', (document) => {
  const text = readProse(document);
  const links = text.matchAll(/\]\(([^):]+)\)|\b(?:src|srcset)="([^":]+)"/g);
  const paths = text.matchAll(
    /[`|] ?((?:bench|cloud|compose|docs|src|test|userdata)\/[\w./-]+) *[`|]/g,
  );
  const broken = Array.from(links, ([, link, image]) => link ?? image ?? '').filter(
    (link) => !isValid(document, link),
  );
  const missing = Array.from(paths, ([, path = '']) => path).filter((path) => !existsSync(path));
  expect([...broken, ...missing]).toEqual([]);
});

test('CONTRIBUTING.md lists every folder of src, and every folder of test that mirrors none', () => {
  const text = readFileSync('CONTRIBUTING.md', 'utf8');
  const folders = new Set(globSync('{src,test}/*/**/*.*').map((path) => dirname(path)));
  const isMirror = (folder: string) => folders.has(folder.replace('test/', 'src/'));
  const unlisted = [...folders].filter(
    (folder) =>
      !text.includes(`\`${folder}/\``) && !(folder.startsWith('test/') && isMirror(folder)),
  );
  expect(unlisted).toEqual([]);
});

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { settings } from '../../src/config/settings.ts';
import { formatSetting, listSettings, readSettingRows } from '../support/settings-table.ts';

const rows = listSettings(settings);
const names = rows.map(({ name }) => name);

test('the table in README.md has the name, the default and the meaning of each setting', async () => {
  expect(await readSettingRows('README.md')).toEqual(rows.map(formatSetting));
});

test('.env.example names only settings that exist', async () => {
  const example = await readFile('.env.example', 'utf8');
  const named = Array.from(example.matchAll(/^([A-Z_]+)=/gm), ([, name]) => name);
  expect(named).toContain('SESSION_SECRET');
  expect(names).toEqual(expect.arrayContaining(named));
});

test('the user data names only settings that exist, and shows their defaults', async () => {
  const script = await readFile('userdata/minitwit.sh', 'utf8');
  const lines = Array.from(script.matchAll(/^ *(# )?export ([A-Z_]+)='(.*?)'/gm));
  // The script itself uses these.
  const own = [
    'SERVER_NETWORKS',
    'DB_PASSWD_FROM',
    'SESSION_SECRET_FROM',
    'MAIL_URL_FROM',
    'LIMITS_STORE_FROM',
    'LOG_GROUP',
    'AWS_REGION',
  ];
  expect([...names, ...own]).toEqual(expect.arrayContaining(lines.map(([, , name]) => name)));

  const commented = new Map(
    lines.flatMap(([, hash, name, value]) => (hash ? [[name, value]] : [])),
  );
  const shown = rows.filter((row) => row.default !== '' && commented.has(row.name));
  expect(shown.length).toBeGreaterThan(5);
  for (const row of shown)
    expect([row.name, commented.get(row.name)]).toEqual([row.name, String(row.default)]);
});

test('the user data passes all settings on to the server', async () => {
  const script = await readFile('userdata/minitwit.sh', 'utf8');
  const [, list = ''] = /^readonly SETTING_NAMES=\(([^)]*)\)/m.exec(script) ?? [];
  expect(list).toContain('"${!LIMIT_@}"');
  // The server must listen on all addresses, and its unit sets NODE_ENV.
  const passedOn = new Set([...(list.match(/\w+/g) ?? []), 'HOST', 'NODE_ENV']);
  expect(names.filter((name) => !passedOn.has(name) && !name.startsWith('LIMIT_'))).toEqual([]);
});

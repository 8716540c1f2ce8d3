import { formatSettingsProblems } from '../../src/config/environment.ts';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  readEndConfig,
  readInstanceConfig,
  readRunConfig,
  warehouseSettings,
} from '../../src/warehouse/settings.ts';
import { formatSetting, listSettings, readSettingRows } from '../support/settings-table.ts';

let keyFile: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minitwit-key-'));
  keyFile = join(folder, 'key');
  await writeFile(keyFile, 'the key', { mode: 0o600 });
  return () => rm(folder, { recursive: true });
});

/** Returns all required settings. */
function requiredSettings() {
  return {
    DB_HOST: 'replica',
    DB_USER: 'reader',
    DB_PASSWD: 'source-secret',
    DB_NAME: 'minitwit',
    WAREHOUSE_IMAGE_ID: 'ami-0123456789abcdef0',
    WAREHOUSE_VOLUME_ID: 'vol-0123456789abcdef0',
    WAREHOUSE_KEY_NAME: 'minitwit',
    WAREHOUSE_KEY_FILE: keyFile,
    WAREHOUSE_SECURITY_GROUP: 'sg-0123456789abcdef0',
    WAREHOUSE_DB_PASSWD: 'warehouse-secret',
  };
}

test('optional settings have their documented defaults', () => {
  const { source, warehouse } = readRunConfig(requiredSettings());
  expect(source).toMatchObject({ host: 'replica', user: 'reader', port: 3306, sslCa: null });
  expect(warehouse).toEqual({
    imageId: 'ami-0123456789abcdef0',
    volumeId: 'vol-0123456789abcdef0',
    volumeDevice: '/dev/sdf',
    mountDir: '/mysql-db',
    keyName: 'minitwit',
    keyFile,
    securityGroup: 'sg-0123456789abcdef0',
    instanceType: 't3.large',
    subnetId: null,
    market: 'on-demand',
    sshUser: 'ec2-user',
    hostKey: 'console',
    maxHours: 8,
    databaseUser: 'analyst',
    databasePassword: 'warehouse-secret',
    bucket: null,
  });
});

test('the error lists all problems, and contains no secret', () => {
  const read = () =>
    readRunConfig({
      ...requiredSettings(),
      DB_HOST: '',
      WAREHOUSE_IMAGE_ID: 'image',
      WAREHOUSE_VOLUME_ID: undefined,
      WAREHOUSE_VOLUME_DEVICE: '/dev/sda1',
      WAREHOUSE_MOUNT_DIR: 'mysql db',
      WAREHOUSE_KEY_FILE: '/nowhere/key',
      WAREHOUSE_MARKET: 'auction',
      WAREHOUSE_DB_PASSWD: 'short',
      WAREHOUSE_MAX_HOURS: '0',
    });
  expect(read).toThrow(
    formatSettingsProblems([
      'DB_HOST is not set',
      'WAREHOUSE_IMAGE_ID must be an id such as ami-0123456789abcdef0',
      'WAREHOUSE_VOLUME_ID is not set',
      'WAREHOUSE_VOLUME_DEVICE must be one of /dev/sdf to /dev/sdp',
      'WAREHOUSE_MOUNT_DIR must be an absolute path of letters, digits, dots, underscores and hyphens',
      'WAREHOUSE_KEY_FILE names /nowhere/key, which cannot be read (ENOENT)',
      'WAREHOUSE_MARKET must be one of: spot, on-demand',
      'WAREHOUSE_DB_PASSWD must be at least 12 characters long',
      'WAREHOUSE_MAX_HOURS must be at least 1',
    ]),
  );
});

test('a private key that other users can read is refused', async () => {
  await chmod(keyFile, 0o644);
  expect(() => readRunConfig(requiredSettings())).toThrow(`chmod 600 ${keyFile}`);
  await chmod(keyFile, 0o600);
});

test('readInstanceConfig needs no image and no volume', () => {
  const { WAREHOUSE_KEY_NAME, WAREHOUSE_KEY_FILE, WAREHOUSE_SECURITY_GROUP } = requiredSettings();
  const config = readInstanceConfig({
    WAREHOUSE_KEY_NAME,
    WAREHOUSE_KEY_FILE,
    WAREHOUSE_SECURITY_GROUP,
  });
  expect(config).toMatchObject({ keyName: 'minitwit', sshUser: 'ec2-user' });
});

test('readEndConfig needs nothing but the path of the private key', () => {
  expect(readEndConfig({ WAREHOUSE_KEY_FILE: keyFile })).toEqual({
    mountDir: '/mysql-db',
    keyFile,
    sshUser: 'ec2-user',
    hostKey: 'console',
    maxHours: 8,
  });
});

test('the table in docs/warehouse.md has the name, the default and the meaning of each setting', async () => {
  const rows = await readSettingRows('docs/warehouse.md');
  expect(rows).toEqual(listSettings(warehouseSettings).map(formatSetting));
});

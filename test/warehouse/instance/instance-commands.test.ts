import { expect, test } from 'vitest';
import * as commands from '../../../src/warehouse/instance/instance-commands.ts';
import { accountSql } from '../../../src/warehouse/instance/mysql.ts';

const line = (program: string[]) => program.join(' ');

test('mountVolume finds the volume by its label, checks it and mounts it', () => {
  expect(line(commands.findDevices('mysqlvol'))).toBe(
    'sudo -n blkid -c /dev/null -t LABEL=mysqlvol -o device',
  );
  expect(line(commands.checkFilesystem('/dev/nvme1n1'))).toBe(
    'sudo -n flock /run/minitwit-volume.lock e2fsck -f -p /dev/nvme1n1',
  );
  expect(line(commands.growFilesystem('/dev/nvme1n1'))).toBe(
    'sudo -n flock /run/minitwit-volume.lock resize2fs /dev/nvme1n1',
  );
  expect(line(commands.mount('/dev/nvme1n1', '/mysql-db'))).toBe(
    'sudo -n flock /run/minitwit-volume.lock mount -o nodev,nosuid,noatime /dev/nvme1n1 /mysql-db',
  );
  expect(line(commands.findMounted('/mysql-db'))).toBe(
    'findmnt --noheadings --output SOURCE --mountpoint /mysql-db',
  );
  expect(line(commands.diskUsage('/mysql-db'))).toBe(
    'df --block-size=1 --output=avail,size /mysql-db',
  );
});

test('MySQL is a systemd service, and receives SQL through its socket', () => {
  expect(line(commands.systemctl('start'))).toBe(
    'sudo -n systemctl start minitwit-warehouse.service',
  );
  expect(line(commands.journalTail(12))).toBe(
    'sudo -n journalctl --unit minitwit-warehouse.service --lines 12 --output cat --no-pager --quiet',
  );
  expect(line(commands.sql())).toBe(
    'sudo -n mariadb --no-defaults --socket=/run/minitwit-warehouse/mysql.sock --default-character-set=utf8mb4 --batch --binary-mode',
  );
});

test('accountSql grants one database, and quotes the password', () => {
  const account = { user: 'analyst', password: String.raw`it's \ "so"`, name: 'mini`twit' };
  expect(accountSql(account)).toBe(
    [
      'create database if not exists `mini``twit` character set utf8mb4;',
      "create user if not exists 'analyst'@'localhost';",
      String.raw`alter user 'analyst'@'localhost' identified by 'it\'s \\ \"so\"';`,
      'grant select, insert, update, delete, create, alter, drop, index, references, create temporary tables on `mini``twit`.* to ' +
        "'analyst'@'localhost';",
      '',
    ].join('\n'),
  );
});

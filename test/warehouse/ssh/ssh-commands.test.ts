import { expect, test } from 'vitest';
import {
  connectCommand,
  remoteCommand,
  tunnelCommand,
} from '../../../src/warehouse/ssh/ssh-commands.ts';

const login = {
  user: 'ec2-user',
  address: 'ec2-203-0-113-7.compute-1.amazonaws.com',
  keyFile: '/home/alice/my key.pem',
  instanceId: 'i-0123456789abcdef0',
};
const options = (...words: string[]) => words.flatMap((word) => ['-o', word]);
const tunnel = { port: 40001, socket: '/run/minitwit-warehouse/mysql.sock' };

test('connectCommand accepts only a known host key, and opens a tunnel to MySQL', () => {
  expect(connectCommand(login, tunnel, 'pinned')).toEqual([
    'ssh',
    ...options(
      'BatchMode=yes',
      'LogLevel=ERROR',
      'ConnectTimeout=10',
      'ServerAliveInterval=10',
      'ServerAliveCountMax=3',
      'StrictHostKeyChecking=yes',
      'HostKeyAlias=i-0123456789abcdef0',
      'UserKnownHostsFile=known_hosts',
      'GlobalKnownHostsFile=none',
      'ControlMaster=yes',
      'ControlPath=control.sock',
      'ControlPersist=no',
      'ExitOnForwardFailure=yes',
      'IdentitiesOnly=yes',
    ),
    '-i',
    '/home/alice/my key.pem',
    '-L',
    '127.0.0.1:40001:/run/minitwit-warehouse/mysql.sock',
    'ec2-user@ec2-203-0-113-7.compute-1.amazonaws.com',
    '--',
    'echo connected && exec cat',
  ]);
});

test('connectCommand accepts a new host key with `first-seen`, and never a changed one', () => {
  expect(connectCommand(login, tunnel, 'first-seen')).toContain('StrictHostKeyChecking=accept-new');
});

test("connectCommand does not override the operator's configuration and agent", () => {
  const line = connectCommand(login, tunnel, 'pinned').join(' ');
  expect(line).not.toMatch(/ -F | -p |IdentityAgent|ProxyJump|ProxyCommand/);
});

test('remoteCommand uses the shared connection, and opens no other', () => {
  expect(remoteCommand(login, ['sudo', '-n', 'mount', '/dev/nvme1n1', '/mysql-db'])).toEqual([
    'ssh',
    ...options(
      'BatchMode=yes',
      'LogLevel=ERROR',
      'ControlMaster=no',
      'ControlPath=control.sock',
      'ProxyCommand=false',
      'ClearAllForwardings=yes',
    ),
    'ec2-user@ec2-203-0-113-7.compute-1.amazonaws.com',
    '--',
    'sudo -n mount /dev/nvme1n1 /mysql-db',
  ]);
});

test('tunnelCommand quotes special characters in paths', () => {
  expect(tunnelCommand(login, tunnel, "/home/alice/100% it's/known_hosts")).toBe(
    "ssh -N -o 'IdentitiesOnly=yes' -o 'StrictHostKeyChecking=yes' " +
      "-o 'HostKeyAlias=i-0123456789abcdef0' " +
      `-o 'UserKnownHostsFile="/home/alice/100%% it'\\''s/known_hosts"' ` +
      "-i '/home/alice/my key.pem' -L 127.0.0.1:40001:/run/minitwit-warehouse/mysql.sock " +
      'ec2-user@ec2-203-0-113-7.compute-1.amazonaws.com',
  );
});

test('remoteCommand quotes special characters for the remote shell', () => {
  const quoted = (word: string) => remoteCommand(login, [word]).at(-1);
  expect(quoted('LABEL=mysqlvol')).toBe("'LABEL=mysqlvol'");
  expect(quoted("it's; $HOME")).toBe(String.raw`'it'\''s; $HOME'`);
  expect(quoted('')).toBe("''");
  expect(quoted('~')).toBe("'~'");
});

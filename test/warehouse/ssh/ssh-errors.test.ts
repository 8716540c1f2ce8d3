import { expect, test } from 'vitest';
import {
  toSshError,
  RemoteCommandError,
  UnreachableError,
} from '../../../src/warehouse/ssh/ssh-errors.ts';

const login = {
  user: 'ec2-user',
  address: '203.0.113.7',
  keyFile: '/keys/warehouse.pem',
  instanceId: 'i-0123456789abcdef0',
};
const explain = (complaint: string) => toSshError(complaint, login);

test('what may pass can be tried again', () => {
  for (const complaint of [
    '',
    'ssh: connect to host 203.0.113.7 port 22: Connection refused\r\n',
    'ssh: connect to host 203.0.113.7 port 22: Connection timed out\r\n',
    'kex_exchange_identification: Connection closed by remote host\r\n',
    '"System is booting up. Unprivileged users are not permitted to log in yet."\nConnection closed by 203.0.113.7 port 22\r\n',
  ]) {
    expect(explain(complaint), complaint).toBeInstanceOf(UnreachableError);
  }
  expect(explain('ssh: connect to host x port 22: Connection refused\r\n').message).toBe(
    'ec2-user@203.0.113.7 cannot be reached: ssh: connect to host x port 22: Connection refused',
  );
});

test('a key that ssh does not take is told from one that the instance refuses', () => {
  const refusal = 'ec2-user@203.0.113.7: Permission denied (publickey,gssapi-keyex).\r\n';
  expect(explain(refusal).message).toMatch(
    /refuses ec2-user with the key \/keys\/warehouse.pem \(.*Permission denied/,
  );
  expect(explain(`Load key "/keys/warehouse.pem": bad permissions\r\n${refusal}`).message).toMatch(
    /\(Load key "\/keys\/warehouse.pem": bad permissions\)/,
  );
  expect(explain(refusal)).not.toBeInstanceOf(UnreachableError);
});

test('another key than the instance printed is never tried again', () => {
  const error = explain('Host key verification failed.\r\n');
  expect(error).not.toBeInstanceOf(UnreachableError);
  expect(error.message).toMatch(/does not have the key of i-0123456789abcdef0/);
});

test('a program that fails silently is told of by its status', () => {
  const error = new RemoteCommandError('umount', { status: 32, stdout: '', stderr: '\n' });
  expect(error.message).toBe('umount failed on the instance: status 32');
});

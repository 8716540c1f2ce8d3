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
const toError = (stderr: string) => toSshError(stderr, login);

test('a failure that may pass is an UnreachableError', () => {
  for (const stderr of [
    '',
    'ssh: connect to host 203.0.113.7 port 22: Connection refused\r\n',
    'ssh: connect to host 203.0.113.7 port 22: Connection timed out\r\n',
    'kex_exchange_identification: Connection closed by remote host\r\n',
    '"System is booting up. Unprivileged users are not permitted to log in yet."\nConnection closed by 203.0.113.7 port 22\r\n',
  ]) {
    expect(toError(stderr), stderr).toBeInstanceOf(UnreachableError);
  }
  expect(toError('ssh: connect to host x port 22: Connection refused\r\n').message).toBe(
    'ec2-user@203.0.113.7 cannot be reached: ssh: connect to host x port 22: Connection refused',
  );
});

test('the message distinguishes a key that ssh rejects from a key that the instance refuses', () => {
  const refusal = 'ec2-user@203.0.113.7: Permission denied (publickey,gssapi-keyex).\r\n';
  expect(toError(refusal).message).toMatch(
    /refuses ec2-user with the key \/keys\/warehouse.pem \(.*Permission denied/,
  );
  expect(toError(`Load key "/keys/warehouse.pem": bad permissions\r\n${refusal}`).message).toMatch(
    /\(Load key "\/keys\/warehouse.pem": bad permissions\)/,
  );
  expect(toError(refusal)).not.toBeInstanceOf(UnreachableError);
});

test('a wrong host key is not an UnreachableError', () => {
  const error = toError('Host key verification failed.\r\n');
  expect(error).not.toBeInstanceOf(UnreachableError);
  expect(error.message).toMatch(/has another host key than i-0123456789abcdef0/);
});

test('the message of a program without output has its status', () => {
  const error = new RemoteCommandError('umount', { status: 32, stdout: '', stderr: '\n' });
  expect(error.message).toBe('umount failed on the instance: status 32');
});

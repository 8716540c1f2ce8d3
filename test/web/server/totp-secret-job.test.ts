import { expect, onTestFinished, test } from 'vitest';
import { createTotp } from '../../../src/repositories/totp.ts';
import { createUsers } from '../../../src/repositories/users.ts';
import { createTotpSecrets } from '../../../src/web/factors/totp-secrets.ts';
import { startTotpSecretJob } from '../../../src/web/server/totp-secret-job.ts';
import { captureLog } from '../../support/capture-log.ts';
import { useDatabase } from '../../support/database.ts';
import { waitFor } from '../../support/wait-for.ts';

const { database } = useDatabase();
const totp = createTotp(database);
const OLD = 'the old secret with 32 characters or more';
const NEW = 'the new secret with 32 characters or more';
const sessionSecrets = [NEW, OLD];

test('a server encrypts the secrets again as soon as it starts', async () => {
  const users = createUsers(database);
  const user = { username: 'alice', email: 'a@b', passwordHash: 'x' };
  const userId = await users.createUser(user);
  const secret = createTotpSecrets({ sessionSecrets: [OLD] }).encrypt(userId, 'a secret');
  await totp.turnOn(
    { userId, passwordHash: 'x' },
    { secret, step: 0, recoveryCodeHashes: ['x'] },
    { sessionId: '', notice: null },
  );
  const { logger, lines } = captureLog();
  onTestFinished(startTotpSecretJob(totp, { sessionSecrets }, logger));
  await waitFor('the secret is encrypted again', () => Promise.resolve(lines.length > 0));
  expect(lines.join('')).toContain('"renewed":1');
  expect(lines.join('')).not.toContain('a secret');
  const stored = (await totp.findTotpUser(userId))?.secret ?? '';
  const later = createTotpSecrets({ sessionSecrets: [NEW] });
  expect(later.decrypt(userId, stored)).toBe('a secret');
});

test('logs a failure, and the server continues', async () => {
  const { logger, lines } = captureLog();
  const failing = {
    ...totp,
    listSecretsWithout: () => Promise.reject(new Error('The database does not respond.')),
  };
  onTestFinished(startTotpSecretJob(failing, { sessionSecrets }, logger));
  await waitFor('the failure is logged', () => Promise.resolve(lines.length > 0));
  expect(lines.join('')).toContain('The database does not respond.');
});

import { beforeAll, expect, test } from 'vitest';
import { createTotp } from '../../../src/repositories/totp.ts';
import { createUsers } from '../../../src/repositories/users.ts';
import { renewTotpSecrets } from '../../../src/web/factors/renew-totp-secrets.ts';
import { createTotpSecrets } from '../../../src/web/factors/totp-secrets.ts';
import { useDatabase } from '../../support/database.ts';

const { database } = useDatabase();
const totp = createTotp(database);
const [first, second, lost] = ['first', 'second', 'lost'].map(
  (name) => `the ${name} secret with 32 characters or more`,
) as [string, string, string];
const withSecrets = (...sessionSecrets: string[]) => createTotpSecrets({ sessionSecrets });
// More than one list of rows, of which whole lists cannot be decrypted.
const USERS = 350;
let userIds: number[];

/** Returns whether a user's stored secret can be decrypted. */
async function isReadable(userId: number, ...sessionSecrets: string[]): Promise<boolean> {
  const stored = (await totp.findTotpUser(userId))?.secret ?? '';
  const secret = withSecrets(...sessionSecrets).decrypt(userId, stored);
  return secret === `secret of ${userId}`;
}

beforeAll(async () => {
  const users = createUsers(database);
  const userId = await users.createUser({ username: 'a', email: 'a@b', passwordHash: 'x' });
  userIds = Array.from({ length: USERS }, (_, index) => userId + index);
  await database.execute(
    `insert ignore into user (user_id, username, email, pw_hash) values :rows`,
    { rows: userIds.map((id) => [id, `user ${id}`, 'a@b', 'x']) },
  );
  const isLost = (index: number) => index >= 50 && index < 250;
  await database.execute('insert into totp (user_id, secret) values :rows', {
    rows: userIds.map((id, index) => {
      const secrets = withSecrets(isLost(index) ? lost : first);
      return [id, secrets.encrypt(id, `secret of ${id}`)];
    }),
  });
});

test('encrypts all secrets that it can decrypt with the first session secret, also at several instances', async () => {
  const secrets = withSecrets(second, first);
  const renewed = await Promise.all([1, 2].map(() => renewTotpSecrets(totp, secrets)));
  expect(renewed.reduce((sum, each) => sum + each, 0)).toBe(150);
  for (const [index, userId] of userIds.entries()) {
    const isLost = index >= 50 && index < 250;
    expect(await isReadable(userId, second)).toBe(!isLost);
    expect(await isReadable(userId, lost)).toBe(isLost);
  }
  expect(await renewTotpSecrets(totp, secrets)).toBe(0);
});

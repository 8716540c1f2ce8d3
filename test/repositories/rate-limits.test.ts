import { expect, test } from 'vitest';
import { createRateLimits } from '../../src/repositories/rate-limits.ts';
import { runSql, useDatabase } from '../support/database.ts';
import { keepLog } from '../support/log.ts';

const { config, database } = useDatabase();
const limits = {
  loginsPerName: 3,
  loginsPerAddress: 5,
  registrationsPerAddress: 2,
  postsPerUser: 2,
};

// two instances, each with what it remembers for itself
const [one, other] = [1, 2].map(() => createRateLimits(database, limits, keepLog().logger)) as [
  ReturnType<typeof createRateLimits>,
  ReturnType<typeof createRateLimits>,
];

test('what two instances count is one sum, also when it happens at once', async () => {
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) => (index % 2 ? one : other).countPost(1)),
  );
  expect(answers.filter((refusal) => refusal === null)).toHaveLength(2);
  expect(await one.countPost(2)).toBeNull();
});

test('a refusal says for how long, and costs the database one look', async () => {
  const { asked } = database.state();
  const refusal = await one.countPost(1);
  expect(database.state().asked).toBe(asked + 1);
  expect(refusal?.message).toMatch(
    /^You have posted a lot\. Please try again in (\d+ seconds?|1 minute)\.$/,
  );
  expect(refusal?.retryAfterS).toBeGreaterThan(0);
  expect(refusal?.retryAfterS).toBeLessThanOrEqual(60);
});

test('failed logins under a name count wherever they come from; right ones do not', async () => {
  for (const address of ['a', 'b', 'c']) {
    expect(await one.countLogin('alice', address)).toBeNull();
    await one.forgetLogin('alice', address);
  }
  for (const address of ['a', 'b', 'c']) expect(await one.countLogin('alice', address)).toBeNull();
  expect(await other.countLogin('alice', 'd')).toMatchObject({
    message: 'Too many failed logins under this name. Please try again in 15 minutes.',
    retryAfterS: expect.any(Number),
  });
  expect(await other.countLogin('bob', 'd')).toBeNull();
});

test('what was refused does not count: it is the same limit a moment later', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => one.countLogin('dave', 'dave')),
  );
  const counted = answers.filter((refusal) => refusal === null);
  await Promise.all(counted.map(() => one.forgetLogin('dave', 'dave')));
  expect(await other.countLogin('dave', 'dave')).toBeNull();
  await other.forgetLogin('dave', 'dave');
});

test('failed logins from an address count under whatever names, and lock no name', async () => {
  for (const name of ['1', '2', '3', '4', '5']) expect(await one.countLogin(name, 'e')).toBeNull();
  for (let attempt = 0; attempt < 5; attempt++) {
    expect(await other.countLogin('carol', 'e')).toMatchObject({
      message: expect.stringMatching(
        /^Too many failed logins from where you are\. .* 60 minutes\.$/,
      ),
    });
  }
  expect(await other.countLogin('carol', 'f')).toBeNull();
});

test('registrations from an address', async () => {
  expect(await one.countRegistration('a')).toBeNull();
  expect(await other.countRegistration('a')).toBeNull();
  expect(await one.countRegistration('a')).toMatchObject({
    message: expect.stringMatching(/^Too many people signed up from where you are\./),
  });
});

test('names are not kept, since somebody may have typed a password there', async () => {
  await one.countLogin('typed-by-mistake', 'g');
  const rows = await database.select<{ key: string }>('select `key` from rate_limit');
  expect(JSON.stringify(rows)).not.toContain('typed-by-mistake');
});

test('what is over is deleted, some at a time', async () => {
  await database.change('update rate_limit set expire = 5 where points > 1');
  const [row] = await database.select<{ total: number }>(
    'select count(*) as total from rate_limit where expire = 5',
  );
  expect(await one.deleteExpired(4, 100)).toBe(0);
  expect(await one.deleteExpired(5, 2)).toBe(2);
  expect(await one.deleteExpired(5, 100)).toBe((row?.total ?? 0) - 2);
});

test('what cannot be counted is let through, and said in the log', async () => {
  await runSql(config, 'drop table rate_limit');
  const { logger, lines } = keepLog();
  const blind = createRateLimits(database, limits, logger);
  for (let attempt = 0; attempt < 5; attempt++) expect(await blind.countPost(1)).toBeNull();
  expect(await blind.countLogin('alice', 'a')).toBeNull();
  await blind.forgetLogin('alice', 'a');
  expect(lines[0]).toContain('a rate limit could not be counted');
  expect(lines[0]).toMatch(/rate_limit.* doesn't exist/);
  expect(lines.join('')).not.toContain('login_address:a');
});

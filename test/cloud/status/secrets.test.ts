import { expect, test } from 'vitest';
import { secretsSection } from '../../../src/cloud/status/secrets.ts';
import { createStatusContext } from '../../../src/cloud/status/status-context.ts';
import { moveStage, putVersion, readVersions } from '../../../src/cloud/secrets/secret-versions.ts';
import { requireStack } from '../../../src/cloud/stack/stack.ts';
import { emulateSecretsManager } from '../emulated/secrets-manager.ts';
import { createSiteStack } from '../stack/site-stack.ts';
import { openStubStack } from '../stack/stub-stack.ts';

const DATABASE_PASSWORD = 'minitwit-DatabasePassword';
const READER_PASSWORD = 'minitwit-ReaderPassword';
const SESSION_SECRET = 'minitwit-SessionSecret';
const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 3_600_000);

async function createStack(changedAt: Date, outputs?: { ReaderPassword: undefined }) {
  const stubStack = await openStubStack();
  const secrets = emulateSecretsManager(stubStack.aws);
  await createSiteStack(stubStack, outputs);
  secrets.create(DATABASE_PASSWORD, 'secret-1', changedAt);
  secrets.create(SESSION_SECRET, 'secret-2', changedAt);
  if (!outputs) secrets.create(READER_PASSWORD, 'secret-4', changedAt);
  const readSection = async () =>
    secretsSection(createStatusContext(stubStack.cloud, await requireStack(stubStack.cloud)));
  return { stubStack, readSection };
}

test('the section shows the ages of the secrets, and that the instances may read the master password', async () => {
  const { readSection } = await createStack(daysAgo(100));
  expect((await readSection()).lines).toEqual([
    'database password, changed 100 days ago',
    'reader password, changed 100 days ago',
    'session secret, changed 100 days ago',
    'The instances may read the master password (SetUp=yes).',
  ]);
});

test('the section omits the password of the reader if the stack has none', async () => {
  const { readSection } = await createStack(daysAgo(100), { ReaderPassword: undefined });
  expect((await readSection()).lines).toEqual([
    'database password, changed 100 days ago',
    'session secret, changed 100 days ago',
    'The instances may read the master password (SetUp=yes).',
  ]);
});

test('the section names the command for a secret that is older than a year', async () => {
  const { readSection } = await createStack(daysAgo(366));
  expect((await readSection()).lines).toContain(
    'A secret is older than a year. Run npm run cloud -- secrets rotate to replace all of them.',
  );
});

test('the section names the command for an unfinished rotation, also after the promotion', async () => {
  const { stubStack, readSection } = await createStack(daysAgo(366));
  const { cloud } = stubStack;
  const hint = 'A rotation is unfinished. Run npm run cloud -- secrets rotate to continue.';
  await putVersion(cloud, SESSION_SECRET, { value: 'secret-3', stage: 'AWSPENDING', from: null });
  const { current, pending } = await readVersions(cloud, SESSION_SECRET);
  expect((await readSection()).lines).toContain(hint);
  await moveStage(cloud, SESSION_SECRET, { stage: 'AWSCURRENT', from: current, to: pending });
  expect((await readSection()).lines).toContain(hint);
  await moveStage(cloud, SESSION_SECRET, {
    stage: 'AWSPENDING',
    from: pending ?? '',
    to: null,
  });
  expect((await readSection()).lines).not.toContain(hint);
  const { report } = await readSection();
  expect(JSON.stringify(report)).not.toMatch(/secret-\d/);
});

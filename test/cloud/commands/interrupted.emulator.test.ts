import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createCli } from '../../../src/cloud/commands/cli.ts';
import type { CloudContext } from '../../../src/cloud/context.ts';
import { findStack } from '../../../src/cloud/stack/stack.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import type { EmulatedAccount } from '../../support/aws-account.ts';
import { isChange } from '../operations/fixture.ts';
import { makeImage } from '../make-image.ts';
import { createStackFixture } from '../stack/fixture.ts';
import { createRestoreFixture } from '../stack/restore-fixture.ts';
import { createCheckFixture, json } from './check-fixture.ts';

/** An account with commands, and what must be there after the tested command. */
interface Scenario {
  account: EmulatedAccount;
  open: (stackName?: string) => CloudContext;
  stop: () => void;
  readState: () => Promise<unknown>;
  end: unknown;
}

const SERVING = { status: 'UPDATE_COMPLETE', setUp: 'no', databases: 1, instances: [2] };

async function openEmptyAccount(): Promise<Scenario> {
  return { ...(await createStackFixture()), end: { ...SERVING, changeSets: 0 } };
}

/** Creates a stack that serves, and returns its parameters as the state. */
async function openStack(end: Record<string, string> = {}): Promise<Scenario> {
  const { fixture } = await createRestoreFixture();
  fixture.account.stub('ce:GetCostAndUsage', json({ ResultsByTime: [] }));
  const readState = async () => ({
    ...(await fixture.readState()),
    ...(await findStack(fixture.cloud))?.parameters,
  });
  return { ...fixture, readState, end: { ...SERVING, changeSets: 0, ...end } };
}

async function openStackWithNewImage(): Promise<Scenario> {
  const scenario = await openStack();
  const ImageId = await makeImage(scenario.open(), '1.4.0');
  return { ...scenario, end: { ...SERVING, ImageId } };
}

async function openStackToRemove(): Promise<Scenario> {
  return { ...(await openStack()), end: { status: null, databases: 0, instances: [] } };
}

async function openAccountToCheck(): Promise<Scenario> {
  const fixture = await createCheckFixture();
  return {
    ...fixture,
    readState: async () => ({ stack: await findStack(fixture.cloud) }),
    end: { stack: null },
  };
}

const everyRequest = () => true;
// `check` is complete when it deletes its change set.
const isChangeBeforeEnd = (action: string) => isChange(action) && !action.includes(':Delete');
const SCENARIOS: [
  line: string,
  open: () => Promise<Scenario>,
  isStop: (action: string) => boolean,
][] = [
  ['check', openAccountToCheck, isChangeBeforeEnd],
  ['up', openEmptyAccount, isChange],
  ['up --set BackupDays=3', () => openStack({ BackupDays: '3' }), isChange],
  ['roll', openStackWithNewImage, isChange],
  ['restore minitwit-1', () => openStack({ DatabaseSnapshot: 'minitwit-1' }), isChange],
  ['status', () => openStack(), everyRequest],
  ['cost', () => openStack(), everyRequest],
  ['logs', () => openStack(), everyRequest],
  ['down --everything', openStackToRemove, isChange],
];
// The tests of these commands need more than this: a build, a slow snapshot, a database, or AWS's plugin.
const ELSEWHERE: [command: string, file: string, title: string][] = [
  [
    'image',
    'image/interrupted.emulator.test.ts',
    'an interrupted `cloud image` leaves nothing except a completed image',
  ],
  [
    'snapshot',
    'commands/snapshot.test.ts',
    '`cloud snapshot` that is stopped at any request continues with the same snapshot when it is run again',
  ],
  [
    'rotate',
    'secrets/rotate-secrets.mysql.test.ts',
    'stopped by the operator at any step, takes the access to the master password away, and continues later',
  ],
  [
    'exec',
    'sessions/exec.test.ts',
    '`cloud exec` ends the plugin and the session when it must stop',
  ],
  [
    'admin',
    'commands/admin.test.ts',
    '`cloud admin` that is stopped while the command runs ends at once, and works when it is run again',
  ],
  [
    'database',
    'sessions/exec.test.ts',
    '`cloud exec` ends the plugin and the session when it must stop',
  ],
];

function createTestCli(open: Scenario['open']) {
  const prompt = async () => 'minitwit';
  return createCli({ open, env: {}, prompt, enableVerbose: () => undefined });
}

test.each(SCENARIOS)(
  '`cloud %s` that is stopped at each kind of request completes when it is run again',
  async (line, openScenario, isStop) => {
    const { account, open, stop, readState, end } = await openScenario();
    const stops: string[] = [];
    let isStopped = true;
    while (isStopped) {
      isStopped = false;
      account.onRequest = (action) => {
        if (isStopped || !isStop(action) || stops.includes(action)) return;
        isStopped = true;
        stops.push(action);
        stop();
      };
      const run = createTestCli(open).parseAsync(line.split(' '), { from: 'user' });
      const outcome = await run.then(() => 'done', errorMessage);
      expect(outcome, stops.at(-1)).toMatch(isStopped ? /^Stopped by SIGINT\./ : /^done$/);
    }
    account.onRequest = () => undefined;
    expect(stops.length).toBeGreaterThan(0);
    expect(await readState()).toMatchObject(end as object);
  },
);

test('each command has a test that stops it and runs it again', async () => {
  const commands = createTestCli(() => {
    throw new Error('This test runs no command.');
  }).commands.flatMap((it) => (it.commands.length > 0 ? it.commands : [it]));
  const tested = [...SCENARIOS, ...ELSEWHERE].map(([line]) => line.split(' ')[0]);
  expect(new Set(tested)).toEqual(new Set(commands.map((it) => it.name())));
  for (const [, file, title] of ELSEWHERE) {
    expect(await readFile(`test/cloud/${file}`, 'utf8'), file).toContain(`test('${title}`);
  }
});

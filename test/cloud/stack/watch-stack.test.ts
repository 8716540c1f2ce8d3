import { expect, test } from 'vitest';
import { waitUntilStable } from '../../../src/cloud/stack/wait-until-stable.ts';
import { formatStackContinues, watchStack } from '../../../src/cloud/stack/watch-stack.ts';
import { startAwsStub } from '../../support/aws-stub.ts';
import { waitFor } from '../../support/wait-for.ts';
import { openTestCloud } from '../test-cloud.ts';
import { stubEvents, STACK_ID } from './stub-events.ts';

const BEFORE = ['minitwit CREATE_IN_PROGRESS', 'Old CREATE_COMPLETE', 'minitwit CREATE_COMPLETE'];
const BEGUN = ['minitwit UPDATE_IN_PROGRESS'];

test('watchStack logs each state of a resource once, with the time that it took', async () => {
  const aws = await startAwsStub();
  stubEvents(aws, [
    BEFORE,
    [...BEGUN, 'A CREATE_IN_PROGRESS', 'A CREATE_IN_PROGRESS Resource creation Initiated'],
    ['B UPDATE_IN_PROGRESS', 'A CREATE_COMPLETE', 'C DELETE_SKIPPED'],
    ['B UPDATE_COMPLETE', 'minitwit UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'D DELETE_IN_PROGRESS'],
    ['D DELETE_COMPLETE', 'minitwit UPDATE_COMPLETE'],
  ]);
  const { open, lines } = openTestCloud();
  const cloud = open();
  const stack = await watchStack(cloud, STACK_ID, 'event-2');
  expect(stack).toMatchObject({ id: STACK_ID, status: 'UPDATE_COMPLETE' });
  expect(lines).toEqual([
    'The stack minitwit: not started yet',
    'A (AWS::A): being created',
    'The stack minitwit: UPDATE_IN_PROGRESS',
    'B (AWS::B): being changed',
    'A (AWS::A): created after 3 min 0 s',
    'C (AWS::C): retained',
    'B (AWS::B): changed after 3 min 0 s',
    'D (AWS::D): being removed',
    'The stack minitwit: UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
    'D (AWS::D): removed after 1 min 0 s',
  ]);
});

test('watchStack logs all events of an operation in progress, also those on later pages', async () => {
  const aws = await startAwsStub();
  stubEvents(
    aws,
    [
      [...BEFORE, ...BEGUN, 'A CREATE_IN_PROGRESS', 'B CREATE_IN_PROGRESS'],
      ['A CREATE_COMPLETE', 'B CREATE_COMPLETE', 'minitwit UPDATE_COMPLETE'],
    ],
    2,
  );
  const { open, lines } = openTestCloud();
  const cloud = open();
  await watchStack(cloud, STACK_ID, null);
  expect(lines.filter((line) => line.includes('AWS::'))).toEqual([
    'A (AWS::A): being created',
    'B (AWS::B): being created',
    'A (AWS::A): created after 2 min 0 s',
    'B (AWS::B): created after 2 min 0 s',
  ]);
});

test('watchStack returns a deleted stack', async () => {
  stubEvents(await startAwsStub(), [
    [...BEFORE, 'minitwit DELETE_IN_PROGRESS'],
    ['minitwit DELETE_COMPLETE'],
  ]);
  const cloud = openTestCloud().open();
  expect(await watchStack(cloud, STACK_ID, null)).toMatchObject({ status: 'DELETE_COMPLETE' });
});

test('watchStack waits for the end of the rollback, and throws the failure that caused it', async () => {
  stubEvents(await startAwsStub(), [
    ['Old CREATE_FAILED of another time', ...BEGUN],
    ['A CREATE_FAILED vCPU limit', 'B CREATE_FAILED Resource creation cancelled'],
    ['minitwit UPDATE_ROLLBACK_IN_PROGRESS Rollback requested by user.'],
    ['minitwit UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'minitwit UPDATE_ROLLBACK_COMPLETE'],
  ]);
  const { open, lines } = openTestCloud();
  const cloud = open();
  await expect(watchStack(cloud, STACK_ID, null)).rejects.toThrow(
    /^A \(AWS::A\) failed: vCPU limit\. Request a higher quota .* The stack minitwit is UPDATE_ROLLBACK_COMPLETE\. /,
  );
  expect(lines).toContain('A (AWS::A): CREATE_FAILED: vCPU limit');
});

test('watchStack reports that AWS continues if the operator stops it', async () => {
  stubEvents(await startAwsStub(), [[...BEFORE, ...BEGUN]]);
  const { open, stop } = openTestCloud();
  const cloud = open();
  const watched = watchStack(cloud, STACK_ID, null);
  stop();
  await expect(watched).rejects.toThrow(`Stopped by SIGINT. ${formatStackContinues(cloud)}`);
});

test('watchStack reports that AWS continues if it times out', async () => {
  stubEvents(await startAwsStub(), [[...BEFORE, ...BEGUN]]);
  const cloud = openTestCloud({ waitMaxMs: 20 }).open();
  await expect(watchStack(cloud, STACK_ID, null)).rejects.toThrow(
    /still UPDATE_IN_PROGRESS after 0 s\. AWS continues/,
  );
});

const CERTIFICATE = 'CertificateManager::Certificate';
const CERTIFICATE_NEEDS =
  'The stack waits until AWS has validated the certificate, for up to 36 hours. The name servers of the domain must be ' +
  'those of its hosted zone, and a CAA record of the domain must allow amazon.com.';

test('watchStack reports what a pending certificate needs if the operator stops it', async () => {
  stubEvents(await startAwsStub(), [[...BEGUN, `${CERTIFICATE} CREATE_IN_PROGRESS`]]);
  const { open, stop, lines } = openTestCloud();
  const cloud = open();
  const watched = watchStack(cloud, STACK_ID, null);
  watched.catch(() => undefined);
  await waitFor('the certificate is being created', () =>
    lines.some((line) => line.startsWith(CERTIFICATE)),
  );
  stop();
  await expect(watched).rejects.toThrow(
    `Stopped by SIGINT. ${CERTIFICATE_NEEDS} ${formatStackContinues(cloud)}`,
  );
});

test.each([
  ['CREATE_IN_PROGRESS Content of DNS Record is: {…}', true],
  ['CREATE_COMPLETE', false],
  ['DELETE_IN_PROGRESS', false],
])(
  'watchStack, timed out after %s of the certificate, reports what it needs: %s',
  async (state, expected) => {
    const events = [`${CERTIFICATE} CREATE_IN_PROGRESS`, `${CERTIFICATE} ${state}`];
    stubEvents(await startAwsStub(), [[...BEGUN, ...events]]);
    const cloud = openTestCloud({ waitMaxMs: 20 }).open();
    const needs = expected ? `${CERTIFICATE_NEEDS} ` : '';
    await expect(watchStack(cloud, STACK_ID, null)).rejects.toThrow(
      `after 0 s. ${needs}${formatStackContinues(cloud)}`,
    );
  },
);

test.each([
  ['Throttling', 400],
  ['ServiceUnavailable', 503],
])('watchStack continues after %s', async (code, status) => {
  const aws = await startAwsStub();
  stubEvents(aws, [[...BEFORE, ...BEGUN], ['minitwit UPDATE_COMPLETE']]);
  const { open, lines } = openTestCloud();
  const cloud = open();
  // Two polls fail, each after the six attempts of the SDK.
  aws.fail('cloudformation:DescribeStackEvents', code, { status, times: 12 });
  expect(await watchStack(cloud, STACK_ID, null)).toMatchObject({ status: 'UPDATE_COMPLETE' });
  expect(lines[0]).toContain(`AWS returned ${code}`);
});

test.each([
  ['ROLLBACK_COMPLETE', 'Database', /^Database .*no room.* Run npm run cloud -- down first\.$/],
  [
    'UPDATE_ROLLBACK_FAILED',
    'Instances',
    /continue-update-rollback --stack-name minitwit to continue\.$/,
  ],
  ['DELETE_FAILED', 'Balancer', /Run npm run cloud -- down again\.$/],
])(
  'waitUntilStable throws for a stack in %s, with the reason and what to do',
  async (status, it, what) => {
    stubEvents(await startAwsStub(), [
      ['minitwit CREATE_IN_PROGRESS', `${it} CREATE_FAILED no room`, `minitwit ${status}`],
      [],
    ]);
    const cloud = openTestCloud().open();
    await expect(watchStack(cloud, STACK_ID, null)).rejects.toThrow(what);
    await expect(waitUntilStable(cloud)).rejects.toThrow(what);
  },
);

import { expect, test } from 'vitest';
import { formatStopping } from '../../../src/cli/shutdown-signal.ts';
import { openEmulatedAccount } from '../../support/aws-account.ts';
import { type Program, startProgram } from '../../support/programs.ts';
import { waitFor } from '../../support/wait-for.ts';
import { changesOf, createOperationsFixture, createStack } from '../operations/fixture.ts';
import { makeImage } from '../make-image.ts';

const template = `
Resources:
  WarehouseGroup:
    Type: AWS::EC2::SecurityGroup
    Properties: { GroupDescription: the warehouse }
`;

/** Starts the program in the test's account, without a terminal. */
function start(...parameters: string[]): Program {
  const settings = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_'));
  // As in production, no settings are read from a file.
  const environment = { ...Object.fromEntries(settings), NODE_ENV: 'production' };
  return startProgram('src/cloud.ts', environment, { parameters });
}

test('`cloud status` prints in an account without a stack how to create it', async () => {
  await openEmulatedAccount();
  const { ended, output } = start('status');
  expect({ status: await ended, ...output }).toEqual({
    status: 0,
    stderr: '',
    stdout: expect.stringMatching(
      /^There is no stack minitwit .*npm run cloud -- up to create it\.\n/,
    ),
  });
});

test('`cloud status --verbose` prints the requests on stderr, so that stdout stays as it is', async () => {
  await openEmulatedAccount();
  const { ended, output } = start('status', '--json', '--verbose');
  expect(await ended).toBe(0);
  expect(JSON.parse(output.stdout)).toMatchObject({ version: 1, stack: null });
  const [environment, ...requests] = output.stderr.trim().split('\n');
  expect(environment).toMatch(/^MiniTwit \d\S*, Node\.js \d\S*, \S+ \S+, AWS_REGION us-east-1$/);
  expect(requests).toContainEqual(
    expect.stringMatching(/^CloudFormation DescribeStacks: 400 ValidationError, attempts 1, /),
  );
});

test('`cloud down` removes nothing when the prompt is not answered', async () => {
  const { account, open } = await createOperationsFixture();
  await createStack(open(), '', { template });
  account.actions.length = 0;
  const { ended, output } = start('down');
  expect(await ended).toBe(1);
  expect(output.stderr).toBe('The answer is not minitwit. Nothing was removed.\n');
  expect(changesOf(account)).toEqual([]);
});

test('`cloud up` prints at SIGINT that AWS continues', async () => {
  const { account, open } = await createOperationsFixture();
  await makeImage(open(), '1.3.0');
  const { process, ended, output } = start('up');
  await waitFor('the change of the stack', () =>
    account.actions.includes('cloudformation:ExecuteChangeSet'),
  );
  process.kill('SIGINT');
  expect(await ended).toBe(1);
  expect(output.stdout).toContain(formatStopping('SIGINT'));
  expect(output.stderr).toBe(
    'Stopped by SIGINT. AWS continues to change the stack minitwit. Run the same command again to wait for it.\n',
  );
});

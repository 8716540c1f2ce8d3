import { CreateStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { expect, test } from 'vitest';
import { DEFAULT_TIMING } from '../../../src/cli/command-context.ts';
import { createCloudContext } from '../../../src/cloud/context.ts';
import { down } from '../../../src/cloud/commands/down.ts';
import { printStatus } from '../../../src/cloud/commands/status.ts';
import { up } from '../../../src/cloud/commands/up.ts';
import { openEmulatedAccount } from '../../support/aws-account.ts';

const TEMPLATE = `
Parameters:
  ImageId: { Type: String, Default: '' }
Resources:
  Precious: { Type: AWS::S3::Bucket }
`;

test.each([
  ['up', up],
  ['down', down],
  ['status', printStatus],
])("%s leaves a stack of the same name alone that is not MiniTwit's", async (_, command) => {
  const account = await openEmulatedAccount();
  const { signal } = new AbortController();
  const cloud = createCloudContext({
    stackName: 'minitwit',
    print: () => undefined,
    signal,
    timing: DEFAULT_TIMING,
  });
  const { cloudFormation } = cloud.clients;
  await cloudFormation.send(
    new CreateStackCommand({ StackName: 'minitwit', TemplateBody: TEMPLATE }),
  );
  account.actions.length = 0;
  const options = {
    parameters: {},
    everything: true,
    dryRun: false,
    prompt: async () => 'minitwit',
  };
  await expect(command(cloud, options)).rejects.toThrow(
    /^The stack minitwit is not a stack of MiniTwit: .* --stack NAME /,
  );
  expect(account.actions.filter((action) => !/:(Describe|List|Get)/.test(action))).toEqual([]);
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({}));
  expect(Stacks?.map(({ StackName }) => StackName)).toEqual(['minitwit']);
});

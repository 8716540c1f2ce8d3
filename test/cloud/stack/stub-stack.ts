import { startAwsStub, type AwsStub } from '../../support/aws-stub.ts';
import { emulateCommands, type RunScript } from '../emulated/commands.ts';
import { fakeResources } from '../emulated/fake-resources.ts';
import type { Fault } from '../emulated/resources.ts';
import { emulateStacks } from '../emulated/stacks.ts';
import { openTestCloud, type TestCloud, type TestCloudOptions } from '../test-cloud.ts';

/** An account whose stacks consist of ids alone, and whose instances run scripts. It needs no emulator. */
export interface StubStack extends TestCloud {
  aws: AwsStub;
  /** The failure of the next change or removal of a stack. */
  fault: Fault | undefined;
  /** Runs the scripts that are sent to instances. */
  runScript: RunScript;
}

/** Opens an account with stub stacks for this test. */
export async function openStubStack(options?: TestCloudOptions): Promise<StubStack> {
  const aws = await startAwsStub();
  const stubStack: StubStack = {
    ...openTestCloud(options),
    aws,
    fault: undefined,
    runScript: () => ({}),
  };
  emulateStacks({ ...aws, id: '123456789012' }, fakeResources, () => {
    const { fault } = stubStack;
    stubStack.fault = undefined;
    return fault;
  });
  emulateCommands(aws, (script, instanceId) => stubStack.runScript(script, instanceId));
  return stubStack;
}

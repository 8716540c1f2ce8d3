import type { EmulatedAccount } from '../support/aws-account.ts';
import { emulateCommands, type RunScript } from './emulated/commands.ts';
import { onMoto } from './emulated/make.ts';
import { openMoto } from './emulated/moto.ts';
import { emulateRefreshes, type RefreshEnd } from './emulated/refreshes.ts';
import type { Fault } from './emulated/stack.ts';
import { emulateStacks } from './emulated/stacks.ts';

/** What a test may say of what happens in an account; it can be changed at any time. */
export interface Emulated {
  /** What the next change, or removal, of a stack fails with. */
  fault: Fault | undefined;
  /** How instance refreshes end. */
  refreshEnd: RefreshEnd;
  /** What scripts do that are sent to instances. */
  runScript: RunScript;
}

/**
 * Adds to an account what moto lacks, or does at once, of CloudFormation, Systems Manager and Auto Scaling: stacks
 * made of cloud/minitwit.yaml by change sets, with an event for each resource, commands on instances, and instance
 * refreshes. All take a few polls.
 */
export function emulate(account: EmulatedAccount): Emulated {
  const emulated: Emulated = {
    fault: undefined,
    refreshEnd: { status: 'Successful' },
    runScript: () => ({}),
  };
  const moto = openMoto(account.id);
  emulateStacks(account, onMoto(moto), () => {
    const { fault } = emulated;
    emulated.fault = undefined;
    return fault;
  });
  emulateCommands(account, (script, instanceId) => emulated.runScript(script, instanceId));
  emulateRefreshes(account, moto, () => emulated.refreshEnd);
  return emulated;
}

import type { EmulatedAccount } from '../support/aws-account.ts';
import { type AutomatedBackups, emulateAutomatedBackups } from './emulated/automated-backups.ts';
import { emulateCommands, type RunScript } from './emulated/commands.ts';
import { createDatabaseHandler } from './emulated/database-handler.ts';
import { type AccountPlan, emulateFreeTier, findFreePlanFault } from './emulated/free-tier.ts';
import { createMotoResources } from './emulated/moto-resources.ts';
import { openMoto } from './emulated/moto.ts';
import { emulateRefreshes, type RefreshEnd } from './emulated/refreshes.ts';
import type { Fault } from './emulated/resources.ts';
import { emulateRoutes } from './emulated/routes.ts';
import { emulateSecretsManager } from './emulated/secrets-manager.ts';
import { emulateStacks } from './emulated/stacks.ts';
import { decide, type Decision, type IamRequest } from './permissions/simulate.ts';

/** The behaviour of an account, which a test can change at any time. */
export interface Emulated {
  /** The fault of the next update or deletion of a stack. */
  fault: Fault | undefined;
  accountPlan: AccountPlan;
  /** The end of instance refreshes. */
  refreshEnd: RefreshEnd;
  /** The results of scripts on instances. */
  runScript: RunScript;
  /** The automated backups of databases. */
  backups: AutomatedBackups;
  /** Decides as IAM about requests of CloudFormation's handler for databases, by default by the operators' policies. */
  decide: (request: IamRequest) => Promise<Decision>;
}

/**
 * Adds the operations to an account that moto lacks or completes at once: change sets that create stacks from
 * cloud/minitwit.yaml, with an event for each resource, commands on instances, and instance refreshes. Each takes a few
 * polls.
 */
export function emulate(account: EmulatedAccount): Emulated {
  const moto = openMoto(account.id);
  const emulated: Emulated = {
    fault: undefined,
    accountPlan: 'PAID',
    refreshEnd: { status: 'Successful' },
    runScript: () => ({}),
    backups: emulateAutomatedBackups(account, moto),
    decide,
  };
  const databases = createDatabaseHandler(account.id, moto, emulated);
  emulateStacks(account, createMotoResources(moto, databases), (requested) => {
    const { fault, accountPlan } = emulated;
    emulated.fault = undefined;
    return (
      fault ?? (requested && accountPlan === 'FREE' ? findFreePlanFault(requested) : undefined)
    );
  });
  // Moto cannot create the secrets of a stack.
  emulateSecretsManager(account, () => 'x'.repeat(48));
  emulateFreeTier(account, () => emulated.accountPlan);
  emulateCommands(account, (script, instanceId) => emulated.runScript(script, instanceId));
  emulateRoutes(account);
  emulateRefreshes(account, moto, () => emulated.refreshEnd);
  return emulated;
}

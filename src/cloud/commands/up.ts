import { OperatorError } from '../../errors/operator-error.ts';
import { BOUNDARY, findBoundary } from '../boundary.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { formatCosts, listCosts } from '../costs/costs.ts';
import { explainUnreachable, formatInsecure } from '../domain/advice.ts';
import { assertDomain } from '../domain/assert-domain.ts';
import { planReplacement } from '../instances/replace-instances.ts';
import {
  changeStackWithReset,
  printPlannedReset,
  resetRolledBackVersion,
} from '../instances/rolled-back-version.ts';
import { waitUntilReady } from '../instances/wait-until-ready.ts';
import { initializeDatabase } from '../database/initialize-database.ts';
import { resolveReplicas } from '../database/replicas.ts';
import { resolveStorage } from '../database/storage.ts';
import { protectStack } from '../protection/protections.ts';
import { chooseFreePlanDefaults, isLimitedByFreePlan } from '../stack/free-plan.ts';
import { listDefaultTypes, listFreePlanTypes } from '../stack/instance-types.ts';
import { readOutputs } from '../stack/outputs.ts';
import {
  assertKnownParameters,
  effectiveValues,
  toRequestParameters,
  type ParameterValues,
} from '../stack/parameters.ts';
import { assertParametersFit } from '../stack/parameters-check.ts';
import { resolveDefaults } from '../stack/resolve-defaults.ts';
import { assertVolumeStaysInZone } from '../stack/warehouse-zone.ts';
import { waitUntilStable } from '../stack/wait-until-stable.ts';
import { requireStack, type Stack } from '../stack/stack.ts';
import {
  forCreation,
  listParameters,
  renderTemplate,
  type TemplateParameter,
} from '../stack/template.ts';
import { addCosts, explainRemainingCosts } from '../teardown/remaining-costs.ts';

/** The options of `up`. */
export interface UpOptions {
  parameters: ParameterValues;
  dryRun: boolean;
}

/**
 * Creates the stack, or changes it to the template and these parameters, and waits until the site is ready. An
 * interrupted `up` continues when it is run again.
 * @throws OperatorError when the parameters are invalid, or when the change fails, with the cost of what a failed
 *   creation has left; the signal's reason
 */
export async function up(cloud: CloudContext, options: UpOptions): Promise<void> {
  const template = await renderTemplate();
  assertKnownParameters(listParameters(template), options.parameters);
  await changeAndWait(cloud, template, options).catch(async (error: unknown) => {
    throw await addCosts(cloud, error, explainRemainingCosts);
  });
}

async function changeAndWait(
  cloud: CloudContext,
  template: string,
  { parameters: set, dryRun }: UpOptions,
): Promise<void> {
  const known = listParameters(template);
  const stack = await waitUntilStable(cloud);
  await assertDomain(cloud, stack, effectiveValues(known, stack, set));
  if (stack) await (dryRun ? printPlannedReset : resetRolledBackVersion)(cloud, stack);
  const values = await resolveValues(cloud, stack, known, { ...listRenamed(stack), ...set });
  const names = known.map(({ name }) => name);
  const parameters = toRequestParameters(names, stack, values);
  await changeStackWithReset(cloud, stack, {
    template: stack ? template : forCreation(template),
    parameters,
    dryRun,
  });
  if (!dryRun) await waitForSite(cloud, template);
}

/** Returns the values of parameters that have another name in a stack of an earlier version. */
function listRenamed(stack: Stack | null): ParameterValues {
  const { InstanceType, InstanceTypes } = stack?.parameters ?? {};
  return InstanceType && !InstanceTypes ? { InstanceTypes: InstanceType } : {};
}

/**
 * Adds the defaults of a new stack, the permissions boundary, the database's storage and what read replicas need to the
 * values that are set, and checks that they fit.
 */
async function resolveValues(
  cloud: CloudContext,
  stack: Stack | null,
  known: TemplateParameter[],
  set: ParameterValues,
): Promise<ParameterValues> {
  const { clients } = cloud;
  const all = effectiveValues(known, stack, set);
  if (!stack) assertSetUp(all);
  assertVolumeStaysInZone(cloud, stack, all);
  const defaults = stack ? {} : await resolveNewDefaults(cloud, set, all);
  const PermissionsBoundary =
    all.PermissionsBoundary || ((await findBoundary(clients)) ? BOUNDARY : '');
  const storage = await resolveStorage(cloud, stack, { set, all });
  const replicas = resolveReplicas(cloud, stack, { set, all });
  const values: ParameterValues = {
    ...set,
    ...defaults,
    ...storage,
    ...replicas,
    PermissionsBoundary,
  };
  const after = { ...all, ...values };
  await assertParametersFit(clients.ec2, stack ? values : after, after);
  return values;
}

/** Asserts that `up` may initialize the database of a new stack. */
function assertSetUp({ SetUp }: ParameterValues): void {
  if (SetUp === 'yes') return;
  throw new OperatorError(
    'The database of a new stack must be initialized, so SetUp cannot be "no". Nothing was changed.',
  );
}

/** Returns the defaults of a new stack, as far as the account's plan allows them. */
async function resolveNewDefaults(
  cloud: CloudContext,
  set: ParameterValues,
  all: ParameterValues,
): Promise<ParameterValues> {
  const isLimited = await isLimitedByFreePlan(cloud, set);
  const listTypes = isLimited ? listFreePlanTypes : listDefaultTypes;
  const defaults = await resolveDefaults(cloud.clients.ec2, all, listTypes);
  const { InstanceTypes = '' } = defaults;
  return isLimited
    ? { ...defaults, ...chooseFreePlanDefaults(cloud, set, InstanceTypes) }
    : defaults;
}

async function waitForSite(cloud: CloudContext, template: string): Promise<void> {
  await initializeDatabase(cloud, await requireStack(cloud), template);
  const stack = await requireStack(cloud);
  const outputs = readOutputs(stack);
  await protectStack(cloud, stack);
  const { group, outdated } = await planReplacement(cloud, outputs.instances);
  if (outdated.length > 0) {
    cloud.print(
      `Outdated instances: ${outdated.length} of ${group.members.length}. To replace them one at a time: ` +
        formatCommand(cloud, 'roll'),
    );
  }
  await waitUntilReady(cloud, outputs);
  cloud.log(`MiniTwit is ready at ${outputs.address}.`);
  const advice = [
    ...(await explainUnreachable(cloud, outputs, stack.parameters)),
    ...formatInsecure(cloud, outputs.address),
  ];
  for (const line of advice) cloud.print(line);
  cloud.print('Cost:');
  for (const line of formatCosts(listCosts(stack.parameters))) cloud.print(`  ${line}`);
}

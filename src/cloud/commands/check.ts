import { readFile } from 'node:fs/promises';
import { once } from '../../cli/once.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { account } from '../check/account.ts';
import { type Check, runCheck } from '../check/check.ts';
import { databaseOffer } from '../check/database-offer.ts';
import { permissions } from '../check/permissions.ts';
import { quotas } from '../check/quotas.ts';
import { template } from '../check/template.ts';
import type { CloudContext } from '../context.ts';
import { formatImageCommand } from '../format-command.ts';
import { findNewestImage } from '../images.ts';
import { BUILDER_TYPE, planBuild } from '../image/plan.ts';
import {
  assertKnownParameters,
  effectiveValues,
  type ParameterValues,
} from '../stack/parameters.ts';
import { findStack, isEmpty, isInProgress } from '../stack/stack.ts';
import { listParameters, renderTemplate } from '../stack/template.ts';
import { up } from './up.ts';

const UNVERIFIED = new URL('../../../docs/unverified.md', import.meta.url);

/**
 * Asks AWS everything about a stack with these parameters that costs nothing, prints a line for each answer, and then
 * the title of each belief in docs/unverified.md. Changes nothing, except that the change set of a new stack creates an
 * empty stack for some seconds.
 * @throws OperatorError when a check has found a problem
 */
export async function check(
  cloud: CloudContext,
  { parameters: set }: { parameters: ParameterValues },
): Promise<void> {
  const known = listParameters(await renderTemplate());
  assertKnownParameters(known, set);
  const readValues = once(async () => effectiveValues(known, await findStack(cloud), set));
  let problems = 0;
  for (const each of listChecks(set)) {
    const { state, text } = await runCheck(each, cloud, readValues);
    if (state === 'problem') problems += 1;
    cloud.print(`${state}  ${each.subject}  ${text}`);
  }
  cloud.print('No request can verify these. docs/unverified.md has a check for each one:');
  for (const title of await listUnverified()) cloud.print(`  ${title}`);
  if (problems === 0) return;
  throw new OperatorError(
    `${problems === 1 ? 'A check has' : `${problems} checks have`} found a problem. Correct it, then run the command again.`,
  );
}

function listChecks(parameters: ParameterValues): Check[] {
  return [
    account,
    permissions,
    imageCheck,
    databaseOffer,
    quotas,
    template,
    stackCheck(parameters),
  ];
}

const imageCheck: Check = {
  subject: 'image',
  run: async ({ clients }) => {
    const { base, instanceType, subnet } = await planBuild(clients, BUILDER_TYPE);
    return `A ${instanceType} in ${subnet.zone} can build it on ${base.name || base.id}.`;
  },
};

/** Returns the check that AWS can compute the changes to a stack with these parameters. */
function stackCheck(parameters: ParameterValues): Check {
  return {
    subject: 'stack',
    run: async (cloud) => {
      const stack = await findStack(cloud);
      // `up` would wait, for a certificate up to two hours.
      if (stack && !isEmpty(stack) && isInProgress(stack.status)) {
        const text = `The stack ${cloud.stackName} is ${stack.status}. Run this again when that has ended.`;
        return { state: 'unknown', text };
      }
      if (!parameters.ImageId && !(await findNewestImage(cloud.clients.ec2))) {
        const text = `There is no image yet. Run this again after ${formatImageCommand()}.`;
        return { state: 'unknown', text };
      }
      const silent = { ...cloud, print: () => undefined, log: () => undefined };
      await up(silent, { parameters, dryRun: true });
      return 'AWS has computed the changes without a problem.';
    },
  };
}

/** Lists the titles of the beliefs in docs/unverified.md, which are bold. */
async function listUnverified(): Promise<string[]> {
  const text = await readFile(UNVERIFIED, 'utf8');
  return Array.from(text.matchAll(/^- \*\*([^*]+?)\.?\*\*/gm), ([, title = '']) => title);
}

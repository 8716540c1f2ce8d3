import { DescribeAccountAttributesCommand } from '@aws-sdk/client-rds';
import { GetServiceQuotaCommand } from '@aws-sdk/client-service-quotas';
import { z } from 'zod';
import { listInstanceTypes } from '../../aws/ec2/images.ts';
import { withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { listDefaultTypes, listTypeNames } from '../stack/instance-types.ts';
import type { ParameterValues } from '../stack/parameters.ts';
import type { Check } from './check.ts';

// The quotas count virtual processors. AWS's quotas for standard instances include the types t3 and t4g.
const SPOT_QUOTA = { code: 'L-34B43A08', name: 'All Standard Spot Instance Requests' };
const ON_DEMAND_QUOTA = { code: 'L-1216C47A', name: 'Running On-Demand Standard instances' };
// `image` builds on a t3.small.
const BUILDER_PROCESSORS = 2;

/** Whether the account may run as many instances and databases as the stack needs. New accounts have low quotas. */
export const quotas: Check = {
  subject: 'quotas',
  run: async (cloud, readValues) => {
    const values = await readValues();
    const needed = await countProcessors(cloud, values);
    const spot = await readQuota(cloud, SPOT_QUOTA.code);
    const onDemand = await readQuota(cloud, ON_DEMAND_QUOTA.code);
    assertEnough(SPOT_QUOTA.name, spot, needed.spot);
    assertEnough(ON_DEMAND_QUOTA.name, onDemand, needed.onDemand);
    await assertDatabasesAllowed(cloud, 1 + Number(values.ReadReplicas));
    return `Processors that the account may run: ${spot} on spot instances, ${onDemand} on demand. The stack needs ${needed.spot} and ${needed.onDemand}.`;
  },
};

/** Returns the numbers of processors that the stack needs at most, while one instance is replaced. */
async function countProcessors({ clients }: CloudContext, values: ParameterValues) {
  const names = values.InstanceTypes ? listTypeNames(values.InstanceTypes) : listDefaultTypes();
  const types = await listInstanceTypes(clients.ec2, names);
  const each = Math.max(...types.map(({ processors }) => processors));
  // An InstanceMaxCount of 0 means that the number of instances does not change.
  const instances = (Number(values.InstanceMaxCount) || Number(values.InstanceCount)) + 1;
  // One instance is always on demand, so that a shortage of spot instances leaves a site.
  const onDemand = values.Market === 'spot' ? 1 : instances;
  return {
    spot: (instances - onDemand) * each,
    onDemand: onDemand * each + BUILDER_PROCESSORS,
  };
}

async function readQuota({ clients }: CloudContext, code: string): Promise<number> {
  const request = clients.serviceQuotas.send(
    new GetServiceQuotaCommand({ ServiceCode: 'ec2', QuotaCode: code }),
  );
  const { Quota } = await withAwsError(`Cannot read the quota ${code}`, request);
  return z.number().parse(Quota?.Value);
}

function assertEnough(name: string, quota: number, needed: number): void {
  if (quota >= needed) return;
  throw new OperatorError(
    `The quota of processors “${name}” is ${quota}, and the stack needs ${needed}. Request an increase under Service Quotas › EC2.`,
  );
}

const quotaSchema = z.object({ AccountQuotaName: z.string(), Used: z.number(), Max: z.number() });

async function assertDatabasesAllowed({ clients }: CloudContext, needed: number): Promise<void> {
  const request = clients.rds.send(new DescribeAccountAttributesCommand());
  const { AccountQuotas = [] } = await withAwsError('Cannot read the quotas of RDS', request);
  const quota = z
    .array(quotaSchema)
    .parse(AccountQuotas)
    .find(({ AccountQuotaName }) => AccountQuotaName === 'DBInstances');
  if (!quota || quota.Used + needed <= quota.Max) return;
  throw new OperatorError(
    `The quota of databases is ${quota.Max}, of which the account uses ${quota.Used}, and a new stack or a restore needs ${needed} more. Request an increase under Service Quotas › RDS.`,
  );
}

import {
  type DescribeInstancesCommandInput,
  type EC2Client,
  type Filter,
  GetConsoleOutputCommand,
  paginateDescribeInstances,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import type { PollResult } from '../../cli/poll.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { isAwsError, nullIfNotFound, withAwsError } from '../errors.ts';
import { listItems } from '../pages.ts';
import { RUN_TAG, tagsSchema } from '../tags.ts';

/** Validates and converts an instance in a response. */
export const instanceSchema = z
  .object({
    InstanceId: z.string(),
    State: z.object({ Name: z.string() }),
    StateReason: z.object({ Message: z.string().default('') }).optional(),
    InstanceType: z.string(),
    ImageId: z.string().default(''),
    Placement: z.object({ AvailabilityZone: z.string() }),
    LaunchTime: z.date(),
    PublicDnsName: z.string().optional(),
    PublicIpAddress: z.string().optional(),
    PrivateIpAddress: z.string().optional(),
    SpotInstanceRequestId: z.string().optional(),
    Tags: tagsSchema,
  })
  .transform((it) => ({
    id: it.InstanceId,
    /** `pending`, `running`, `stopping`, `stopped`, `shutting-down` or `terminated`. */
    state: it.State.Name,
    /** AWS's reason why the instance no longer runs, or null. */
    reason: it.StateReason?.Message || null,
    type: it.InstanceType,
    imageId: it.ImageId,
    zone: it.Placement.AvailabilityZone,
    launchedAt: it.LaunchTime,
    /** The public name or address, otherwise the private address; null while there is none. */
    address: it.PublicDnsName || it.PublicIpAddress || it.PrivateIpAddress || null,
    /** Whether the instance has a public IPv4 address, which costs. */
    isPublic: Boolean(it.PublicIpAddress),
    /** Null unless it is a spot instance. */
    spotRequestId: it.SpotInstanceRequestId || null,
    /** The run that launched the instance, or null. */
    runId: it.Tags[RUN_TAG] ?? null,
    tags: it.Tags,
  }));

/** An EC2 instance. */
export type Instance = z.infer<typeof instanceSchema>;

function describeInstances(ec2: EC2Client, attempt: string, input: DescribeInstancesCommandInput) {
  return listItems(
    attempt,
    paginateDescribeInstances({ client: ec2 }, input),
    ({ Reservations }) => Reservations?.flatMap(({ Instances = [] }) => Instances),
    instanceSchema,
  );
}

/** Lists the instances that match all filters, oldest first. AWS lists terminated instances for about an hour. */
export async function listInstances(ec2: EC2Client, filters: Filter[]): Promise<Instance[]> {
  const instances = await describeInstances(ec2, 'Cannot list the instances', { Filters: filters });
  return instances.toSorted((a, b) => (isOlder(a, b) ? -1 : 1));
}

/** Returns whether one instance was launched before the other. Instances of the same second are ordered by id. */
export function isOlder(one: Instance, other: Instance): boolean {
  const differenceMs = Number(one.launchedAt) - Number(other.launchedAt);
  return differenceMs === 0 ? one.id < other.id : differenceMs < 0;
}

/** Returns an instance, or null if AWS does not know it, or does not know it yet. */
export async function findInstance(ec2: EC2Client, id: string): Promise<Instance | null> {
  const attempt = `Cannot read the instance ${id}`;
  const found = await nullIfNotFound(describeInstances(ec2, attempt, { InstanceIds: [id] }));
  return found?.[0] ?? null;
}

/**
 * Returns whether an instance has reached a state, for `poll`.
 * @throws OperatorError when the instance is terminated instead
 */
export async function checkInstanceState(
  ec2: EC2Client,
  id: string,
  expected: 'running' | 'stopped',
): Promise<PollResult<true>> {
  const instance = await findInstance(ec2, id);
  const state = instance?.state ?? 'not known yet';
  if (['shutting-down', 'terminated'].includes(state)) {
    throw new OperatorError(`The instance ${id} has ended: ${instance?.reason ?? state}.`);
  }
  return state === expected ? { done: true } : { pending: state };
}

/** Requests the termination of one instance, since AWS terminates none of several if one is unknown. Idempotent. */
export async function terminateInstance(ec2: EC2Client, id: string): Promise<void> {
  const request = ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await nullIfNotFound(withAwsError(`Cannot terminate ${id}`, request));
}

/** Returns the console output of an instance, empty while there is none. */
export async function readConsoleOutput(ec2: EC2Client, id: string): Promise<string> {
  const get = (latest: boolean) => {
    const request = ec2.send(new GetConsoleOutputCommand({ InstanceId: id, Latest: latest }));
    return withAwsError(`Cannot read the console output of ${id}`, request);
  };
  try {
    return decode(await get(true));
  } catch (error) {
    // Older instance types have only the output that AWS collects from time to time.
    if (isAwsError(error, 'UnsupportedOperation')) return decode(await get(false));
    throw error;
  }
}

function decode({ Output = '' }: { Output?: string | undefined }): string {
  return Buffer.from(Output, 'base64').toString('utf8');
}

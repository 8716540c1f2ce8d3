import {
  DescribeInstancesCommand,
  type EC2Client,
  type Filter,
  GetConsoleOutputCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { OperatorError } from '../../errors/operator-error.ts';
import { withAwsError, awsErrorName, nullIfNotFound } from '../errors.ts';
import type { PollResult } from '../../cli/poll.ts';
import { RUN_TAG, type Tags, tagsSchema } from './tags.ts';

/** An instance as AWS describes it. */
export interface Instance {
  id: string;
  /** `pending`, `running`, `stopping`, `stopped`, `shutting-down` or `terminated`. */
  state: string;
  /** Why it is no longer running, in AWS's words; null where it says nothing. */
  reason: string | null;
  type: string;
  /** What it was started from. */
  imageId: string;
  zone: string;
  launchedAt: Date;
  /** Its public name or address, else its private one; null while it has none. */
  address: string | null;
  /** Whether it has an address on the internet, which costs. */
  isPublic: boolean;
  /** Null unless it is a spot instance. */
  spotRequestId: string | null;
  /** The run that started it; null for a stranger. */
  runId: string | null;
  tags: Tags;
}

/** Reads an instance in an answer of AWS's. */
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
  .transform((it): Instance => ({
    id: it.InstanceId,
    state: it.State.Name,
    reason: it.StateReason?.Message || null,
    type: it.InstanceType,
    imageId: it.ImageId,
    zone: it.Placement.AvailabilityZone,
    launchedAt: it.LaunchTime,
    address: it.PublicDnsName || it.PublicIpAddress || it.PrivateIpAddress || null,
    isPublic: Boolean(it.PublicIpAddress),
    spotRequestId: it.SpotInstanceRequestId || null,
    runId: it.Tags[RUN_TAG] ?? null,
    tags: it.Tags,
  }));

const instancesAnswer = z.object({
  Reservations: z.array(z.object({ Instances: z.array(instanceSchema).default([]) })).default([]),
});

/** Every instance that these filters find, the oldest first; terminated ones stay for an hour or so. */
export async function listInstances(ec2: EC2Client, filters: Filter[]): Promise<Instance[]> {
  const request = ec2.send(new DescribeInstancesCommand({ Filters: filters }));
  const answer = instancesAnswer.parse(await withAwsError('Cannot look for instances', request));
  const instances = answer.Reservations.flatMap(({ Instances }) => Instances);
  return instances.toSorted((a, b) => (isOlder(a, b) ? -1 : 1));
}

/** Whether an instance was started before another; of two that AWS started in the same second, one is taken. */
export function isOlder(one: Instance, other: Instance): boolean {
  const differenceMs = Number(one.launchedAt) - Number(other.launchedAt);
  return differenceMs === 0 ? one.id < other.id : differenceMs < 0;
}

/** An instance; null when there is none, or when it is so new that AWS does not know it yet. */
export async function findInstance(ec2: EC2Client, id: string): Promise<Instance | null> {
  const request = ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  const answer = await nullIfNotFound(withAwsError(`Cannot look at the instance ${id}`, request));
  return instancesAnswer.parse(answer ?? {}).Reservations[0]?.Instances[0] ?? null;
}

/**
 * Looks whether an instance is as it should be.
 * @throws OperatorError when it has ended instead
 */
export async function checkInstanceState(
  ec2: EC2Client,
  id: string,
  wanted: 'running' | 'stopped',
): Promise<PollResult<true>> {
  const instance = await findInstance(ec2, id);
  const state = instance?.state ?? 'not known yet';
  if (['shutting-down', 'terminated'].includes(state)) {
    throw new OperatorError(`The instance ${id} has ended: ${instance?.reason ?? state}.`);
  }
  return state === wanted ? { done: true } : { pending: state };
}

/** Ends instances for ever; those that have ended already stay so. */
export async function terminateInstances(ec2: EC2Client, ids: string[]): Promise<void> {
  const request = ec2.send(new TerminateInstancesCommand({ InstanceIds: ids }));
  await nullIfNotFound(withAwsError(`Cannot terminate ${ids.join(', ')}`, request));
}

/** What an instance has printed on its console, as text; empty while there is nothing. */
export async function readConsoleOutput(ec2: EC2Client, id: string): Promise<string> {
  const get = (latest: boolean) => {
    const request = ec2.send(new GetConsoleOutputCommand({ InstanceId: id, Latest: latest }));
    return withAwsError(`Cannot read the console of ${id}`, request);
  };
  try {
    return decode(await get(true));
  } catch (error) {
    // older types of instances have only what AWS collects now and then
    if (awsErrorName(error) === 'UnsupportedOperation') return decode(await get(false));
    throw error;
  }
}

function decode({ Output }: { Output?: string | undefined }): string {
  return Buffer.from(Output ?? '', 'base64').toString('utf8');
}

import { fileURLToPath } from 'node:url';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { findInstanceType, type Image, type InstanceType } from '../../aws/ec2/images.ts';
import { findAmazonLinux } from '../../aws/ec2/create-image.ts';
import { findDefaultSubnetFor, type Subnet } from '../../aws/ec2/network.ts';
import { preflightError } from '../../cli/preflight.ts';
import { createRunId } from '../../cli/run-id.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { findBoundary } from '../boundary.ts';
import type { Clients } from '../context.ts';
import { readSource, type Source } from './source.ts';

/** The default instance type of the builder. */
export const BUILDER_TYPE = 't3.small';

// The path is the same from src/ and from dist/.
const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));

/** The inputs of a build. */
export interface BuildPlan {
  runId: string;
  source: Source;
  /** The instance type of the builder. */
  instanceType: string;
  /** Whether instances of this type spend CPU credits. */
  isBurstable: boolean;
  /** An image of Amazon Linux 2023, from which the builder starts. */
  base: Image;
  subnet: Subnet;
  /** The ARN of the permissions boundary of the builder's role, or null for none. */
  boundary: string | null;
}

/**
 * Finds the inputs of a build. Creates nothing.
 * @throws OperatorError with all inputs that are missing
 */
export async function planBuild(clients: Clients, instanceType: string): Promise<BuildPlan> {
  const { ec2 } = clients;
  const problems: string[] = [];
  const source = await readSource(CHECKOUT).catch((error: unknown) => {
    if (!(error instanceof OperatorError)) throw error;
    problems.push(error.message);
  });
  const type = await findInstanceType(ec2, instanceType);
  const base = await findBaseImage(ec2, instanceType, type);
  const subnet = await findDefaultSubnetFor(ec2, instanceType);
  if (typeof base === 'string') problems.push(base);
  // An unknown instance type is one problem, not two.
  else if (!subnet) {
    problems.push(
      `No availability zone of this region has both a default subnet and the instance type ${instanceType}. ` +
        'Let an administrator create default subnets with aws ec2 create-default-vpc, or choose another --instance-type.',
    );
  }
  if (!source || !type || typeof base === 'string' || !subnet) throw preflightError(problems);
  const { isBurstable } = type;
  const boundary = await findBoundary(clients);
  const runId = createRunId(new Date());
  return { runId, source, instanceType, isBurstable, base, subnet, boundary };
}

/** Returns the newest Amazon Linux 2023 for the instance type, or the problem as a sentence. */
async function findBaseImage(
  ec2: EC2Client,
  instanceType: string,
  type: InstanceType | null,
): Promise<Image | string> {
  if (!type)
    return `This region has no instance type ${instanceType}. Choose another --instance-type.`;
  const architecture = ['arm64', 'x86_64'].find((it) => type.architectures.includes(it));
  if (!architecture) {
    return `There is no Amazon Linux 2023 for ${type.architectures.join(', ')}, the architecture of ${instanceType}. Choose another --instance-type.`;
  }
  const image = await findAmazonLinux(ec2, architecture);
  return image ?? `This region has no Amazon Linux 2023 for ${architecture}.`;
}

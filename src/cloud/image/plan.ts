import { fileURLToPath } from 'node:url';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { findInstanceType, type Image } from '../../aws/ec2/images.ts';
import { findAmazonLinux } from '../../aws/ec2/create-image.ts';
import { findDefaultSubnetFor, type Subnet } from '../../aws/ec2/network.ts';
import { preflightError } from '../../cli/preflight.ts';
import { createRunId } from '../../cli/run-id.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { readSource, type Source } from './source.ts';

// as far from here in dist/ as in src/
const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));

/** Of what, where and on what an image is made. */
export interface BuildPlan {
  runId: string;
  source: Source;
  instanceType: string;
  /** A plain Amazon Linux 2023. */
  base: Image;
  subnet: Subnet;
}

/**
 * Finds out how an image can be made, before anything is.
 * @throws OperatorError that names all that is missing
 */
export async function planBuild(ec2: EC2Client, instanceType: string): Promise<BuildPlan> {
  const problems: string[] = [];
  const source = await readSource(CHECKOUT).catch((error: unknown) => {
    if (!(error instanceof OperatorError)) throw error;
    problems.push(error.message);
  });
  const base = await findBaseImage(ec2, instanceType);
  const subnet = await findDefaultSubnetFor(ec2, instanceType);
  if (typeof base === 'string') problems.push(base);
  // of a type that is not there, no zone has it
  else if (!subnet) {
    problems.push(
      `no zone here has both a default subnet and a ${instanceType}: ` +
        'aws ec2 create-default-vpc makes the subnets, and --instance-type takes another type',
    );
  }
  if (!source || typeof base === 'string' || !subnet) throw preflightError(problems);
  return { runId: createRunId(new Date()), source, instanceType, base, subnet };
}

/** What to start from; or why there is nothing. */
async function findBaseImage(ec2: EC2Client, instanceType: string): Promise<Image | string> {
  const type = await findInstanceType(ec2, instanceType);
  if (!type) return `there is no instance type ${instanceType} in this region (--instance-type)`;
  const architecture = ['arm64', 'x86_64'].find((it) => type.architectures.includes(it));
  if (!architecture) {
    return `there is no Amazon Linux 2023 for ${type.architectures.join(', ')}, which a ${instanceType} is (--instance-type)`;
  }
  const image = await findAmazonLinux(ec2, architecture);
  return image ?? `there is no Amazon Linux 2023 for ${architecture} in this region`;
}

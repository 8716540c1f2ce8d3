import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient } from '@aws-sdk/client-iam';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { SSMClient } from '@aws-sdk/client-ssm';
import { clientOptions, createEc2 } from '../aws/clients.ts';
import { withElapsedTime } from '../cli/times.ts';
import {
  createCommandPolling,
  type PollTiming,
  type CommandPolling,
} from '../aws/command-polling.ts';
import { type FetchHttpStatus, fetchHttpStatus } from './fetch-http-status.ts';

/** AWS's services, each with a client that finds account and region as the SDK does. */
export interface Clients {
  autoScaling: AutoScalingClient;
  cloudFormation: CloudFormationClient;
  cloudWatch: CloudWatchClient;
  ec2: EC2Client;
  iam: IAMClient;
  loadBalancing: ElasticLoadBalancingV2Client;
  rds: RDSClient;
  s3: S3Client;
  ssm: SSMClient;
}

/** How patiently commands go about it; tests have less time. */
export interface Pace extends PollTiming {
  /** For how long to look for something that AWS may have made without saying so. */
  visibilityTimeoutMs: number;
}

/** What operators have time for. */
export const PACE: Pace = { firstPauseMs: 500, waitMaxMs: Infinity, visibilityTimeoutMs: 30_000 };

/** What a command is given. */
export interface Means {
  stackName: string;
  /** Shows a line. */
  print: (line: string) => void;
  /** Aborted, with an OperatorError as its reason, when the command has to end. */
  signal: AbortSignal;
  pace: Pace;
  /** How the site is asked whether it is ready; over the network unless told. */
  fetchHttpStatus?: FetchHttpStatus;
}

/** What every command works with. */
export interface Cloud extends Means, CommandPolling {
  clients: Clients;
  fetchHttpStatus: FetchHttpStatus;
  /** Shows a line with the time since the command began. */
  tell: (line: string) => void;
}

/** Makes ready for a command; asks AWS nothing yet. */
export function openCloud(means: Means): Cloud {
  const tell = withElapsedTime(means.print);
  const options = clientOptions();
  return {
    fetchHttpStatus,
    ...means,
    clients: {
      autoScaling: new AutoScalingClient(options),
      cloudFormation: new CloudFormationClient(options),
      cloudWatch: new CloudWatchClient(options),
      ec2: createEc2(),
      iam: new IAMClient(options),
      loadBalancing: new ElasticLoadBalancingV2Client(options),
      rds: new RDSClient(options),
      s3: new S3Client({ ...options, forcePathStyle: true }),
      ssm: new SSMClient(options),
    },
    tell,
    ...createCommandPolling(means, tell),
  };
}

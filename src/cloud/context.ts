import { resolveNs } from 'node:dns/promises';
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient } from '@aws-sdk/client-iam';
import { RDSClient } from '@aws-sdk/client-rds';
import { Route53Client } from '@aws-sdk/client-route-53';
import { S3Client } from '@aws-sdk/client-s3';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { clientOptions, createEc2 } from '../aws/clients.ts';
import { traceRequests } from '../aws/trace-requests.ts';
import { type CommandContext, createCommandContext } from '../cli/command-context.ts';
import { type FetchHttpStatus, fetchHttpStatus } from './fetch-http-status.ts';

/** The clients of AWS's services. The SDK finds the account and region as usual. */
export interface Clients {
  autoScaling: AutoScalingClient;
  cloudFormation: CloudFormationClient;
  cloudWatch: CloudWatchClient;
  cloudWatchLogs: CloudWatchLogsClient;
  costExplorer: CostExplorerClient;
  ec2: EC2Client;
  iam: IAMClient;
  loadBalancing: ElasticLoadBalancingV2Client;
  rds: RDSClient;
  route53: Route53Client;
  s3: S3Client;
  serviceQuotas: ServiceQuotasClient;
  secretsManager: SecretsManagerClient;
  ssm: SSMClient;
  /** For requests that must not be sent twice. */
  ssmWithoutRetries: SSMClient;
  sts: STSClient;
}

/** The context of every command on the stack. */
export interface CloudContext extends CommandContext {
  stackName: string;
  clients: Clients;
  /** Requests a URL of the site, and returns the status. */
  fetchHttpStatus: FetchHttpStatus;
  /** Returns the name servers of a domain, as DNS knows them. */
  resolveNs: (domain: string) => Promise<string[]>;
}

/**
 * Creates the context of a command. Sends no request. By default, the site and DNS are requested over the network.
 * @param options.printRequest prints a line about a request to AWS after its response; by default there are no such lines
 */
export function createCloudContext({
  printRequest,
  ...options
}: Pick<CloudContext, 'stackName' | 'print' | 'signal' | 'timing'> &
  Partial<Pick<CloudContext, 'fetchHttpStatus' | 'resolveNs'>> & {
    printRequest?: ((line: string) => void) | undefined;
  }): CloudContext {
  const clients = createClients();
  if (printRequest) traceRequests(Object.values(clients), printRequest);
  return createCommandContext({ fetchHttpStatus, resolveNs, ...options, clients });
}

function createClients(): Clients {
  const options = clientOptions();
  return {
    autoScaling: new AutoScalingClient(options),
    cloudFormation: new CloudFormationClient(options),
    cloudWatch: new CloudWatchClient(options),
    cloudWatchLogs: new CloudWatchLogsClient(options),
    costExplorer: new CostExplorerClient(options),
    ec2: createEc2(),
    iam: new IAMClient(options),
    loadBalancing: new ElasticLoadBalancingV2Client(options),
    rds: new RDSClient(options),
    route53: new Route53Client(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
    serviceQuotas: new ServiceQuotasClient(options),
    secretsManager: new SecretsManagerClient(options),
    ssm: new SSMClient(options),
    ssmWithoutRetries: new SSMClient({ ...options, maxAttempts: 1 }),
    sts: new STSClient(options),
  };
}

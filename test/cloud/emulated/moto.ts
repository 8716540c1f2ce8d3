import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient } from '@aws-sdk/client-iam';
import { RDSClient } from '@aws-sdk/client-rds';
import { inject } from 'vitest';

/**
 * Clients for the changes that AWS makes by itself. They connect to moto directly, so tests do not record their
 * requests.
 */
export interface Moto {
  autoScaling: AutoScalingClient;
  cloudFormation: CloudFormationClient;
  ec2: EC2Client;
  iam: IAMClient;
  loadBalancing: ElasticLoadBalancingV2Client;
  rds: RDSClient;
}

/** Creates the clients for an account. */
export function openMoto(accountId: string): Moto {
  const options = {
    endpoint: inject('aws'),
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  return {
    autoScaling: inAccount(new AutoScalingClient(options), accountId),
    cloudFormation: inAccount(new CloudFormationClient(options), accountId),
    ec2: inAccount(new EC2Client(options), accountId),
    iam: inAccount(new IAMClient(options), accountId),
    loadBalancing: inAccount(new ElasticLoadBalancingV2Client(options), accountId),
    rds: inAccount(new RDSClient(options), accountId),
  };
}

interface Built {
  request: { headers: Record<string, string> };
}

function inAccount<
  Client extends {
    middlewareStack: { add: (middleware: never, options: { step: 'build' }) => void };
  },
>(client: Client, accountId: string): Client {
  const middleware = (next: (built: Built) => unknown) => (built: Built) => {
    built.request.headers['x-moto-account-id'] = accountId;
    return next(built);
  };
  client.middlewareStack.add(middleware as never, { step: 'build' });
  return client;
}

import { changeStack } from '../../../src/cloud/stack/change-stack.ts';
import type { StubStack } from './stub-stack.ts';

const OUTPUTS = {
  Address: 'http://site',
  DatabaseId: 'database-1',
  DatabaseEndpoint: 'database-1.rds.amazonaws.com',
  MasterSecret: 'arn:master',
  DatabasePassword: 'arn:password',
  Instances: 'group-1',
  Targets: 'arn:targets',
  Logs: 'logs-1',
  UnhealthyAlarm: 'unhealthy-1',
};

/** The parts of cloud/minitwit.yaml for commands that read only parameters and outputs. */
const SITE_TEMPLATE = `
Parameters:
  SetUp: { Type: String, Default: 'yes' }
Conditions:
  IsSettingUp: !Equals [!Ref SetUp, 'yes']
Resources:
  Group: { Type: AWS::EC2::SecurityGroup, Properties: { GroupDescription: a group } }
  SetUpPolicy: { Type: AWS::IAM::Policy, Condition: IsSettingUp }
  DatabasePassword: { Type: AWS::SecretsManager::Secret }
  SessionSecret: { Type: AWS::SecretsManager::Secret }
Outputs: ${JSON.stringify(Object.fromEntries(Object.entries(OUTPUTS).map(([name, Value]) => [name, { Value }])))}
`;

/** Creates a stack whose database is not initialized. */
export async function createSiteStack({ open, aws }: StubStack): Promise<void> {
  await changeStack(open(), null, { template: SITE_TEMPLATE, parameters: [], dryRun: false });
  aws.actions.length = 0;
}

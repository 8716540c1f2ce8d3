import { changeStack } from '../../../src/cloud/stack/change-stack.ts';
import type { StubStack } from './stub-stack.ts';

const OUTPUTS = {
  Address: 'http://site',
  BalancerName: 'site',
  DatabaseId: 'database-1',
  DatabaseEndpoint: 'database-1.rds.amazonaws.com',
  MasterSecret: 'arn:master',
  DatabasePassword: 'minitwit-DatabasePassword',
  ReaderPassword: 'minitwit-ReaderPassword',
  Instances: 'group-1',
  Targets: 'arn:targets',
  Logs: 'logs-1',
  ServerLog: 'server-log-1',
  UnhealthyAlarm: 'unhealthy-1',
};

/** Returns the parts of cloud/minitwit.yaml for commands that read only parameters and outputs. */
const renderSiteTemplate = (outputs: Record<string, string | undefined>) => `
Parameters:
  SetUp: { Type: String, Default: 'yes' }
Conditions:
  IsSettingUp: !Equals [!Ref SetUp, 'yes']
Resources:
  Group: { Type: AWS::EC2::SecurityGroup, Properties: { GroupDescription: a group } }
  SetUpPolicy: { Type: AWS::IAM::Policy, Condition: IsSettingUp }
  DatabasePassword: { Type: AWS::SecretsManager::Secret }
  SessionSecret: { Type: AWS::SecretsManager::Secret }
${outputs.ReaderPassword ? '  ReaderPassword: { Type: AWS::SecretsManager::Secret }' : ''}
Outputs: ${JSON.stringify(
  Object.fromEntries(
    Object.entries(outputs).flatMap(([name, Value]) => (Value ? [[name, { Value }]] : [])),
  ),
)}
`;

/**
 * Creates a stack whose database is not initialized.
 * @param outputs other values of outputs, or undefined for an output that the stack does not have
 */
export async function createSiteStack(
  { open, aws }: StubStack,
  outputs: Record<string, string | undefined> = {},
): Promise<void> {
  const template = renderSiteTemplate({ ...OUTPUTS, ...outputs });
  await changeStack(open(), null, { template, parameters: [], dryRun: false });
  aws.actions.length = 0;
}

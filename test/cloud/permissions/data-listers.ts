import type { CreateDBSnapshotCommandInput } from '@aws-sdk/client-rds';
import { type Lister, onAny, onArn, withActions } from './listers.ts';

const onBucket = onArn(({ Bucket }: { Bucket: string }) => `arn:aws:s3:::${Bucket}`);
// A request for several objects has no `Key`.
const onObject = onArn(
  ({ Bucket, Key = 'key' }: { Bucket: string; Key?: string }) => `arn:aws:s3:::${Bucket}/${Key}`,
);

const onDatabase = onArn(
  ({ DBInstanceIdentifier }: { DBInstanceIdentifier: string }, { id, region }) =>
    `arn:aws:rds:${region}:${id}:db:${DBInstanceIdentifier}`,
);
const onSnapshot = onArn(
  ({ DBSnapshotIdentifier }: { DBSnapshotIdentifier: string }, { id, region }) =>
    `arn:aws:rds:${region}:${id}:snapshot:${DBSnapshotIdentifier}`,
);

/** Lists the request of an action on a secret. CloudFormation gives the secrets of a stack its tags. */
const onSecret: Lister = (action, { SecretId }: { SecretId: string }, { id, region }) => {
  // On the emulator, the ids of secrets are no ARNs.
  const name = SecretId.startsWith('arn:') ? SecretId.split(':')[6] : SecretId;
  const resource = `arn:aws:secretsmanager:${region}:${id}:secret:${name}`;
  return [{ action, resource, context: { 'aws:ResourceTag/minitwit:stack': 'minitwit' } }];
};

/** The listers of the requests to the stores of data: RDS, S3, Secrets Manager and CloudWatch Logs. */
export const DATA_LISTERS: Record<string, Lister> = {
  'logs:FilterLogEvents': onArn(
    ({ logGroupName }: { logGroupName: string }, { id, region }) =>
      `arn:aws:logs:${region}:${id}:log-group:${logGroupName}`,
  ),
  'rds:CreateDBSnapshot': async (action, input: CreateDBSnapshotCommandInput, account) => [
    ...(await onDatabase(action, input as never, account)),
    ...(await onSnapshot(action, input as never, account)),
    ...(await onSnapshot('rds:AddTagsToResource', input as never, account)),
  ],
  // AWS generates the ids of automated backups.
  'rds:DeleteDBInstanceAutomatedBackup': onArn(
    (_, { id, region }) => `arn:aws:rds:${region}:${id}:auto-backup:ab-1a2b`,
  ),
  'rds:DeleteDBSnapshot': onSnapshot,
  'rds:ModifyDBInstance': onDatabase,
  's3:CreateBucket': onBucket,
  's3:DeleteBucket': onBucket,
  's3:DeleteObject': onObject,
  's3:DeleteObjects': withActions(['s3:DeleteObject', 's3:DeleteObjectVersion'], onObject),
  's3:GetBucketTagging': onBucket,
  's3:GetObject': onObject,
  's3:ListBuckets': withActions(['s3:ListAllMyBuckets'], onAny),
  's3:ListObjectVersions': withActions(['s3:ListBucketVersions'], onBucket),
  's3:PutObject': onObject,
  'secretsmanager:DescribeSecret': onSecret,
  'secretsmanager:GetSecretValue': onSecret,
  'secretsmanager:PutSecretValue': onSecret,
  'secretsmanager:UpdateSecretVersionStage': onSecret,
};

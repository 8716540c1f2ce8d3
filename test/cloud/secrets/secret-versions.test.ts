import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import {
  moveStage,
  putVersion,
  readValue,
  readVersions,
} from '../../../src/cloud/secrets/secret-versions.ts';
import { startAwsStub } from '../../support/aws-stub.ts';
import { emulateSecretsManager } from '../emulated/secrets-manager.ts';
import { openTestCloud } from '../test-cloud.ts';

const ID = 'secret';

async function createSecret() {
  const aws = await startAwsStub();
  const secrets = emulateSecretsManager(aws);
  secrets.create(ID, 'first');
  const { cloud } = openTestCloud();
  return { aws, secrets, cloud, client: cloud.clients.secretsManager };
}

test('a version becomes AWSCURRENT, and the one before it AWSPREVIOUS', async () => {
  const { secrets, cloud } = await createSecret();
  await putVersion(cloud, ID, { value: 'second', stage: 'AWSPENDING', from: null });
  const { current, pending } = await readVersions(cloud, ID);
  expect(await readValue(cloud, ID, pending ?? '')).toBe('second');
  expect(secrets.read(ID)).toBe('first');
  await moveStage(cloud, ID, { stage: 'AWSCURRENT', from: current, to: pending });
  expect(secrets.read(ID)).toBe('second');
  expect(secrets.read(ID, 'AWSPREVIOUS')).toBe('first');
  await moveStage(cloud, ID, { stage: 'AWSPENDING', from: pending ?? '', to: null });
  expect((await readVersions(cloud, ID)).pending).toBeNull();
  expect(secrets.read(ID)).toBe('second');
});

test('a repeated move succeeds, and a move that another command has prevented fails', async () => {
  const { cloud } = await createSecret();
  const { current: first } = await readVersions(cloud, ID);
  await putVersion(cloud, ID, { value: 'second', stage: 'AWSPENDING', from: null });
  const { pending: second } = await readVersions(cloud, ID);
  const move = { stage: 'AWSCURRENT', from: first, to: second } as const;
  await moveStage(cloud, ID, move);
  await moveStage(cloud, ID, move);
  await putVersion(cloud, ID, { value: 'third', stage: 'AWSCURRENT', from: second });
  await expect(moveStage(cloud, ID, move)).rejects.toThrow(
    'Cannot move the stage AWSCURRENT of a secret: AWS returned',
  );
});

test('a lost response creates one version', async () => {
  const { aws, secrets, cloud } = await createSecret();
  aws.loseResponse('secretsmanager:PutSecretValue');
  await putVersion(cloud, ID, { value: 'second', stage: 'AWSPENDING', from: null });
  expect(secrets.listValues(ID)).toEqual(['first', 'second']);
});

test('the emulated service refuses what AWS refuses', async () => {
  const { cloud, client } = await createSecret();
  const { current: first } = await readVersions(cloud, ID);
  const token = 'a'.repeat(32);
  const put = (SecretString: string, ClientRequestToken = token) =>
    client.send(new PutSecretValueCommand({ SecretId: ID, SecretString, ClientRequestToken }));
  await put('second');
  await put('second');
  await expect(put('other')).rejects.toMatchObject({ name: 'ResourceExistsException' });
  await expect(put('third', 'short')).rejects.toMatchObject({ name: 'InvalidParameterException' });

  const move = (fields: { RemoveFromVersionId?: string; MoveToVersionId?: string }) =>
    client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: ID,
        VersionStage: 'AWSCURRENT',
        ...fields,
      }),
    );
  await expect(move({ MoveToVersionId: first })).rejects.toThrow(
    `Staging label AWSCURRENT is currently attached to version ${token}, so you must explicitly reference that version in RemoveFromVersionId.`,
  );
  await expect(move({ RemoveFromVersionId: token })).rejects.toThrow('be completely removed');
  const read = (VersionId: string) =>
    client.send(new GetSecretValueCommand({ SecretId: ID, VersionId, VersionStage: 'AWSCURRENT' }));
  await expect(read(first)).rejects.toMatchObject({ name: 'InvalidRequestException' });
  // The first version loses its last stage, so AWS may delete it.
  await put('third', 'b'.repeat(32));
  await expect(read(first)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

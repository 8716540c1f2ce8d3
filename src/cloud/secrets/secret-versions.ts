import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { isAwsError, withAwsError } from '../../aws/errors.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll } from '../../cli/poll.ts';
import type { CloudContext } from '../context.ts';

const VISIBLE_MAX_MS = 60_000;

/** The stages of Secrets Manager that a rotation uses. */
export type Stage = 'AWSCURRENT' | 'AWSPENDING';

const secretSchema = z
  .object({
    VersionIdsToStages: z.record(z.string(), z.array(z.string())).default({}),
    LastChangedDate: z.date().optional(),
    CreatedDate: z.date().optional(),
  })
  .transform((it) => {
    const find = (stage: Stage) =>
      Object.entries(it.VersionIdsToStages).find(([, stages]) => stages.includes(stage))?.[0];
    return {
      /** The version that instances read. */
      current: z.string().parse(find('AWSCURRENT')),
      /** The version that a rotation introduces, equal to `current` after its promotion. Null without a rotation. */
      pending: find('AWSPENDING') ?? null,
      /** The time of the last change of the value, of a stage or of a tag. Null if AWS does not return it. */
      changedAt: it.LastChangedDate ?? it.CreatedDate ?? null,
    };
  });

/** The versions of a secret by their stages. */
export type SecretVersions = z.infer<typeof secretSchema>;

/** Returns the ids of a secret's versions by stage. Does not read values. */
export async function readVersions(
  { clients }: CloudContext,
  secretId: string,
): Promise<SecretVersions> {
  const request = clients.secretsManager.send(new DescribeSecretCommand({ SecretId: secretId }));
  return secretSchema.parse(await withAwsError('Cannot read the versions of a secret', request));
}

/** Returns the text of a version of a secret. */
export async function readValue(
  { clients }: CloudContext,
  secretId: string,
  versionId: string,
): Promise<string> {
  const request = clients.secretsManager.send(
    new GetSecretValueCommand({ SecretId: secretId, VersionId: versionId }),
  );
  return z.string().parse((await withAwsError('Cannot read a secret', request)).SecretString);
}

/**
 * Creates a version of a secret, moves the stage to it, and waits until AWS shows this. The SDK repeats a request whose
 * response is lost with the same id, so there is one version.
 * @param from the version that has the stage, or null
 */
export async function putVersion(
  cloud: CloudContext,
  secretId: string,
  { value, stage, from }: { value: string; stage: Stage; from: string | null },
): Promise<void> {
  cloud.signal.throwIfAborted();
  const request = cloud.clients.secretsManager.send(
    new PutSecretValueCommand({
      SecretId: secretId,
      SecretString: value,
      VersionStages: [stage],
    }),
  );
  await withAwsError('Cannot store a secret', request);
  await waitUntilMoved(cloud, secretId, { stage, from });
}

/**
 * Moves a stage from one version to another, and waits until AWS shows this. Idempotent.
 * @param to null to remove the stage
 * @throws OperatorError when another command has moved the stage
 */
export async function moveStage(
  cloud: CloudContext,
  secretId: string,
  { stage, from, to }: { stage: Stage; from: string; to: string | null },
): Promise<void> {
  cloud.signal.throwIfAborted();
  const request = cloud.clients.secretsManager.send(
    new UpdateSecretVersionStageCommand({
      SecretId: secretId,
      VersionStage: stage,
      RemoveFromVersionId: from,
      ...(to !== null && { MoveToVersionId: to }),
    }),
  );
  try {
    await withAwsError(`Cannot move the stage ${stage} of a secret`, request);
    await waitUntilMoved(cloud, secretId, { stage, from });
  } catch (error) {
    // AWS refuses a repeated request, because the stage is no longer where it was.
    if (!isAwsError(error, 'InvalidParameter')) throw error;
    await waitUntilMoved(cloud, secretId, { stage, from }).catch(() => {
      throw error;
    });
    if (findVersion(await readVersions(cloud, secretId), stage) !== to) throw error;
  }
}

/**
 * Waits until a stage is not shown where it was. Secrets Manager is eventually consistent. The command of another operator
 * may have moved the stage to yet another version.
 */
async function waitUntilMoved(
  cloud: CloudContext,
  secretId: string,
  { stage, from }: { stage: Stage; from: string | null },
): Promise<void> {
  const checkMoved = async () => {
    const version = findVersion(await readVersions(cloud, secretId), stage);
    return version === from ? { pending: 'not visible yet' } : { done: undefined };
  };
  await poll(`The stage ${stage} of a secret`, checkMoved, pollOptions(cloud, VISIBLE_MAX_MS));
}

function findVersion({ current, pending }: SecretVersions, stage: Stage): string | null {
  return stage === 'AWSCURRENT' ? current : pending;
}

import type { CloudContext } from '../context.ts';
import { withMasterAccess } from '../database/master-access.ts';
import { APP_USER } from '../database/users.ts';
import { changePassword } from './change-password.ts';
import { createSecret } from './create-secret.ts';
import { rotateReaderPassword } from './rotate-reader-password.ts';
import {
  requirePending,
  restartServers,
  type RotatingVersions,
  type Rotation,
} from './rotation.ts';
import { moveStage, putVersion, readVersions } from './secret-versions.ts';

/**
 * Creates the new passwords of the application's database user and of the reader, which no program uses yet. Idempotent.
 * Once the application's user has a pending password, the reader gets no other one, since it may have finished.
 */
export async function prepareDatabasePasswords({ cloud, secrets }: Rotation): Promise<void> {
  const { databasePassword, readerPassword } = secrets;
  const { pending } = await readVersions(cloud, databasePassword);
  if (pending !== null) return;
  if (readerPassword !== null) await ensurePending(cloud, readerPassword);
  await ensurePending(cloud, databasePassword);
}

async function ensurePending(cloud: CloudContext, secretId: string): Promise<void> {
  const { pending } = await readVersions(cloud, secretId);
  if (pending !== null) return;
  await putVersion(cloud, secretId, { value: createSecret(), stage: 'AWSPENDING', from: null });
}

/**
 * Replaces the passwords of the application's database user and of the reader. Call `prepareDatabasePasswords` first. The
 * database accepts the old and the new password of the application until all servers use the new one. Idempotent, because
 * the stages record the next step:
 *
 * 1. While AWSPENDING and AWSCURRENT are two versions, the database learns the new password. Then AWSCURRENT moves to
 *    it. Instances that start before the move use the old password, and those after it the new one.
 * 2. While both are one version, the servers are restarted. Then the database forgets the old password, and AWSPENDING is
 *    removed.
 */
export async function rotateDatabasePasswords(rotation: Rotation): Promise<void> {
  const { cloud, secrets } = rotation;
  const versions = await requirePending(cloud, secrets.databasePassword);
  const { current, pending } = versions;
  if (current !== pending) await promote(rotation, versions);
  await restartServers(rotation);
  await changePasswords(rotation, 'discard-old', { current: pending, pending });
  await moveStage(cloud, secrets.databasePassword, {
    stage: 'AWSPENDING',
    from: pending,
    to: null,
  });
}

async function promote(rotation: Rotation, versions: RotatingVersions): Promise<void> {
  const { cloud, secrets } = rotation;
  await changePasswords(rotation, 'add', versions);
  await moveStage(cloud, secrets.databasePassword, {
    stage: 'AWSCURRENT',
    from: versions.current,
    to: versions.pending,
  });
  cloud.log('Instances that start from now on use the new database password.');
}

/**
 * Changes the passwords of the application's user while the instances may read the master password. The reader's
 * password is replaced in the same time, so the stack's permissions change no more often.
 */
async function changePasswords(
  rotation: Rotation,
  command: 'add' | 'discard-old',
  versions: RotatingVersions,
): Promise<void> {
  const { cloud, secrets } = rotation;
  const secretId = secrets.databasePassword;
  await withMasterAccess(cloud, async () => {
    await rotateReaderPassword(rotation);
    await changePassword(rotation, { user: APP_USER, secretId, versions, command });
  });
}

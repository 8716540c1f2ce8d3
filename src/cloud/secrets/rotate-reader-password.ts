import { READER } from '../database/users.ts';
import { changePassword } from './change-password.ts';
import type { Rotation } from './rotation.ts';
import { moveStage, readVersions } from './secret-versions.ts';

/**
 * Replaces the password of the database user who may only read, if there is a pending one. Call it in
 * `withMasterAccess`. No server uses this password, and a prompt reads it when it opens. So the database forgets the old
 * password as soon as AWSCURRENT has moved to the new one. Idempotent.
 */
export async function rotateReaderPassword(rotation: Rotation): Promise<void> {
  const { cloud, secrets } = rotation;
  const secretId = secrets.readerPassword;
  if (secretId === null) return;
  const { current, pending } = await readVersions(cloud, secretId);
  if (pending === null) return;
  const change = (command: 'add' | 'discard-old', currentVersion: string) => {
    const versions = { current: currentVersion, pending };
    return changePassword(rotation, { user: READER, secretId, versions, command });
  };
  if (current !== pending) {
    await change('add', current);
    await moveStage(cloud, secretId, { stage: 'AWSCURRENT', from: current, to: pending });
  }
  await change('discard-old', pending);
  await moveStage(cloud, secretId, { stage: 'AWSPENDING', from: pending, to: null });
}

import { renderScript } from '../../aws/render-script.ts';
import { runOnInstance } from '../instances/run-on-instance.ts';
import { readRegion } from '../region.ts';
import type { RotatingVersions, Rotation } from './rotation.ts';

const CHANGED_MAX_MS = 5 * 60_000;

/** A change of the passwords that the database accepts for a user. */
export interface PasswordChange {
  /** The name of the database's user. */
  user: string;
  /** The ARN of the secret with the user's password. */
  secretId: string;
  versions: RotatingVersions;
  /** `add` makes the pending password valid too. `discard-old` leaves the current one valid only. */
  command: 'add' | 'discard-old';
}

/**
 * Runs `userdata/app-password.sh` on an instance, because only instances reach the database. Call it in
 * `withMasterAccess`. Idempotent.
 */
export async function changePassword(
  { cloud, outputs }: Rotation,
  { user, secretId, versions, command }: PasswordChange,
): Promise<void> {
  const script = await renderScript('app-password.sh', {
    AWS_REGION: await readRegion(cloud.clients),
    DB_HOST: outputs.databaseEndpoint,
    MASTER_SECRET: outputs.masterSecret,
    DATABASE_USER: user,
    DATABASE_PASSWORD: secretId,
    CURRENT_VERSION: versions.current,
    PENDING_VERSION: versions.pending,
    COMMAND: command,
  });
  await runOnInstance(cloud, outputs, {
    comment: 'Changing the database password',
    script,
    maxMs: CHANGED_MAX_MS,
  });
}

import { withMasterAccess } from '../database/master-access.ts';
import { renderScript } from '../instances/render-script.ts';
import { runCommand } from '../instances/run-command.ts';
import { waitForInService } from '../instances/wait-for-in-service.ts';
import {
  requirePending,
  restartServers,
  type RotatingVersions,
  type Rotation,
} from './rotation.ts';
import { moveStage, putVersion, readVersions } from './secret-versions.ts';
import { createSecret } from './session-secret.ts';

const CHANGED_MAX_MS = 5 * 60_000;

/** Creates the new password of the application's database user, which no program uses yet. Idempotent. */
export async function prepareDatabasePassword({ cloud, secrets }: Rotation): Promise<void> {
  const { pending } = await readVersions(cloud, secrets.databasePassword);
  if (pending !== null) return;
  await putVersion(cloud, secrets.databasePassword, {
    value: createSecret(),
    stage: 'AWSPENDING',
    from: null,
  });
}

/**
 * Replaces the password of the application's database user. Call `prepareDatabasePassword` first. The database accepts
 * the old and the new password until all servers use the new one. Idempotent, because the stages record the next step:
 *
 * 1. While AWSPENDING and AWSCURRENT are two versions, the database learns the new password. Then AWSCURRENT moves to
 *    it. Instances that start before the move use the old password, and those after it the new one.
 * 2. While both are one version, the servers are restarted. Then the database forgets the old password, and AWSPENDING is
 *    removed.
 */
export async function rotateDatabasePassword(rotation: Rotation): Promise<void> {
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

/** Runs `userdata/app-password.sh` on an instance, because only instances reach the database. */
async function changePasswords(
  { cloud, outputs, secrets }: Rotation,
  command: 'add' | 'discard-old',
  versions: RotatingVersions,
): Promise<void> {
  const script = await renderScript('app-password.sh', {
    AWS_REGION: await cloud.clients.cloudFormation.config.region(),
    DB_HOST: outputs.databaseEndpoint,
    MASTER_SECRET: outputs.masterSecret,
    DATABASE_PASSWORD: secrets.databasePassword,
    CURRENT_VERSION: versions.current,
    PENDING_VERSION: versions.pending,
    COMMAND: command,
  });
  await withMasterAccess(cloud, async () => {
    const output = await runCommand(cloud, await waitForInService(cloud, outputs), {
      comment: 'Changing the database password',
      script,
      maxMs: CHANGED_MAX_MS,
      logGroup: outputs.logs,
    });
    for (const line of output.trim().split('\n')) cloud.print(`  ${line}`);
  });
}

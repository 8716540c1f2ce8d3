import { createSecret } from './create-secret.ts';
import { requirePending, restartServers, type Rotation } from './rotation.ts';
import { moveStage, putVersion, readValue, readVersions } from './secret-versions.ts';
import { formatAccepting, formatRotated, parseSessionSecrets } from './session-secret.ts';

/**
 * Asserts that the session secret can be rotated.
 * @throws OperatorError if the server would refuse the secret
 */
export async function assertSessionSecret({ cloud, secrets }: Rotation): Promise<void> {
  const { current } = await readVersions(cloud, secrets.sessionSecret);
  parseSessionSecrets(await readValue(cloud, secrets.sessionSecret, current));
}

/**
 * Creates a new session secret, which servers accept after their next restart, but do not sign with yet. Idempotent. The
 * version AWSPENDING has the value at the end of the rotation.
 */
export async function prepareSessionSecret({ cloud, secrets }: Rotation): Promise<void> {
  const secretId = secrets.sessionSecret;
  const versions = await readVersions(cloud, secretId);
  const accepted = parseSessionSecrets(await readValue(cloud, secretId, versions.current));
  if (versions.pending === null) {
    const changed = { changedAt: versions.changedAt, now: new Date() };
    const value = formatRotated(accepted, createSecret(), changed);
    await putVersion(cloud, secretId, { value, stage: 'AWSPENDING', from: null });
  }
  const { current, pending } = await requirePending(cloud, secretId);
  const [newSecret] = parseSessionSecrets(await readValue(cloud, secretId, pending));
  const accepting = formatAccepting(accepted, newSecret);
  if (accepting === null) return;
  await putVersion(cloud, secretId, { value: accepting, stage: 'AWSCURRENT', from: current });
}

/**
 * Rotates the session secret. Call `prepareSessionSecret` first. No user is logged out: a server signs with the new
 * secret only after all servers accept it. The previous secret is still accepted afterwards. Idempotent.
 */
export async function rotateSessionSecret(rotation: Rotation): Promise<void> {
  const { cloud, secrets } = rotation;
  const secretId = secrets.sessionSecret;
  const { current, pending } = await requirePending(cloud, secretId);
  if (current !== pending) {
    await restartServers(rotation);
    await moveStage(cloud, secretId, { stage: 'AWSCURRENT', from: current, to: pending });
    cloud.log('Servers that start from now on sign cookies with the new session secret.');
  }
  await restartServers(rotation);
  await moveStage(cloud, secretId, { stage: 'AWSPENDING', from: pending, to: null });
}

/** Makes all servers accept the newest session secret only, which logs out all users with older cookies. Idempotent. */
export async function retireSessionSecrets(rotation: Rotation): Promise<void> {
  const { cloud, secrets } = rotation;
  const secretId = secrets.sessionSecret;
  const { current } = await readVersions(cloud, secretId);
  const [newest, ...older] = parseSessionSecrets(await readValue(cloud, secretId, current));
  if (older.length > 0) {
    await putVersion(cloud, secretId, { value: newest, stage: 'AWSCURRENT', from: current });
  }
  await restartServers(rotation);
}

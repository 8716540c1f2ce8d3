import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { restartInstances } from '../instances/restart-instances.ts';
import type { Outputs } from '../stack/outputs.ts';
import { readVersions } from './secret-versions.ts';
import type { StackSecrets } from './stack-secrets.ts';

/** The parts of a rotation. */
export interface Rotation {
  cloud: CloudContext;
  outputs: Outputs;
  secrets: StackSecrets;
}

/** The versions of a secret during its rotation. They are equal after the promotion. */
export interface RotatingVersions {
  current: string;
  pending: string;
}

/**
 * Returns the versions of a secret during its rotation.
 * @throws OperatorError when there is no pending version, because another command has finished the rotation
 */
export async function requirePending(
  cloud: CloudContext,
  secretId: string,
): Promise<RotatingVersions> {
  const { current, pending } = await readVersions(cloud, secretId);
  if (pending !== null) return { current, pending };
  throw new OperatorError('Another command has finished this rotation.');
}

/** Restarts the servers that do not use the current versions of their secrets. */
export async function restartServers({ cloud, outputs, secrets }: Rotation): Promise<void> {
  const requireCurrent = async (id: string) => {
    const { current } = await readVersions(cloud, id);
    return { id, versionId: current };
  };
  await restartInstances(cloud, outputs, {
    databasePassword: await requireCurrent(secrets.databasePassword),
    sessionSecret: await requireCurrent(secrets.sessionSecret),
  });
}

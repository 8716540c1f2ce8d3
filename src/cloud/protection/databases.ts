import { ModifyDBInstanceCommand } from '@aws-sdk/client-rds';
import { isAwsError, withAwsError } from '../../aws/errors.ts';
import { pollOptions } from '../../aws/poll-options.ts';
import { poll, type PollOptions } from '../../cli/poll.ts';
import type { CloudContext } from '../context.ts';
import { listDatabases } from '../database/databases.ts';
import type { StackResource } from '../stack/resources.ts';
import type { Protection } from './protection.ts';

// RDS does not change a database during a backup or another change.
const CHANGEABLE_MAX_MS = 30 * 60_000;

/**
 * Lists the deletion protection of each database among the resources of the stack. Read replicas have none, since they
 * have no data of their own.
 */
export async function listProtectionsOfDatabases(
  cloud: CloudContext,
  resources: StackResource[],
): Promise<Protection[]> {
  const ids = resources.filter(({ type }) => type === 'AWS::RDS::DBInstance').map(({ id }) => id);
  if (ids.length === 0) return [];
  const databases = await listDatabases(cloud.clients.rds, cloud.stackName);
  return databases
    .filter(({ id, sourceId }) => sourceId === null && ids.includes(id))
    .map(({ id, isProtected }) => ({
      resource: `the database ${id}`,
      isEnabled: isProtected,
      set: (isEnabled) => setDatabaseProtection(cloud, id, isEnabled),
    }));
}

/**
 * Enables or disables the deletion protection of a database. Idempotent. Waits while the database is busy.
 * @param options how to poll, by default until the command's signal or for half an hour
 */
export async function setDatabaseProtection(
  cloud: CloudContext,
  id: string,
  isEnabled: boolean,
  options: PollOptions = pollOptions(cloud, CHANGEABLE_MAX_MS),
): Promise<void> {
  const { clients } = cloud;
  // The change takes effect immediately. ApplyImmediately would also apply changes that wait for their window.
  const input = { DBInstanceIdentifier: id, DeletionProtection: isEnabled };
  const attempt = `Cannot change the deletion protection of the database ${id}`;
  const tryChange = async () => {
    try {
      await withAwsError(attempt, clients.rds.send(new ModifyDBInstanceCommand(input)));
      return { done: undefined };
    } catch (error) {
      if (isAwsError(error, 'InvalidDBInstanceState')) return { pending: 'not changeable yet' };
      throw error;
    }
  };
  await poll(`The database ${id}`, tryChange, options);
}

import { cleanupPollOptions } from '../../aws/poll-options.ts';
import { errorMessage } from '../../errors/error-message.ts';
import { addSentence } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { listDatabases } from '../database/databases.ts';
import { readOutputs } from '../stack/outputs.ts';
import { isInProgress, requireStack, type Stack } from '../stack/stack.ts';
import { setDatabaseProtection } from './databases.ts';

const PROTECTED_MAX_MS = 10 * 60_000;

/**
 * Disables the protection of the stack's database, and replaces it. CloudFormation deletes the old database after it has
 * created the new one, and abandons it if it is protected. If nothing was replaced, the database is protected again.
 * @param replace changes the stack
 * @throws the error of a request or of `replace`
 */
export async function unprotectAndReplace(
  cloud: CloudContext,
  stack: Stack,
  replace: () => Promise<unknown>,
): Promise<void> {
  const { databaseId } = readOutputs(stack);
  const databases = await listDatabases(cloud.clients.rds, cloud.stackName);
  const isProtected = databases.some((it) => it.id === databaseId && it.isProtected);
  if (isProtected) {
    cloud.log(`Disabling the deletion protection of the database ${databaseId} …`);
    await setDatabaseProtection(cloud, databaseId, false);
  }
  try {
    await replace();
  } catch (error) {
    if (!isProtected || !(await isUnchanged(cloud, databaseId))) throw error;
    const options = cleanupPollOptions(cloud, PROTECTED_MAX_MS);
    await setDatabaseProtection(cloud, databaseId, true, options).catch((problem: unknown) => {
      throw addSentence(
        error,
        `${errorMessage(problem)} The database ${databaseId} is unprotected.`,
      );
    });
    throw error;
  }
}

/** Returns whether the stack still has this database, and no operation is in progress. */
async function isUnchanged(cloud: CloudContext, databaseId: string): Promise<boolean> {
  const stack = await requireStack(cloud);
  return !isInProgress(stack.status) && stack.outputs.DatabaseId === databaseId;
}

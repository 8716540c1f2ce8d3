import type { CloudContext } from '../context.ts';
import { runOnInstance } from '../instances/run-on-instance.ts';
import { renderInitdbScript } from './initdb-script.ts';
import { setMasterAccess } from './master-access.ts';
import { readRegion } from '../region.ts';
import { readOutputs } from '../stack/outputs.ts';
import type { Stack } from '../stack/stack.ts';

const COMMENT = 'Initializing the database';
const INITDB_MAX_MS = 5 * 60_000;

/**
 * If the parameter SetUp of the stack is `yes`, initializes its database: creates missing tables, the application's
 * database user, and the user who may only read. An instance does this, since only instances reach the database.
 * Afterwards sets SetUp to `no`, so that instances can no longer read the password of the database's master user.
 * @param template the template of this change, by default that of the stack
 */
export async function initializeDatabase(
  cloud: CloudContext,
  stack: Stack,
  template: string | null = null,
): Promise<void> {
  if (stack.parameters.SetUp !== 'yes') return;
  const outputs = readOutputs(stack);
  cloud.log(`${COMMENT} …`);
  const script = await renderInitdbScript({
    region: await readRegion(cloud.clients),
    endpoint: outputs.databaseEndpoint,
    masterSecret: outputs.masterSecret,
    databasePassword: outputs.databasePassword,
    readerPassword: outputs.readerPassword,
  });
  await runOnInstance(cloud, outputs, { comment: COMMENT, script, maxMs: INITDB_MAX_MS });
  await setMasterAccess(cloud, stack, 'no', template);
}

import { addSentence, OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import {
  assertSessionSecret,
  prepareSessionSecret,
  retireSessionSecrets,
  rotateSessionSecret,
} from '../secrets/rotate-session-secret.ts';
import {
  prepareDatabasePasswords,
  rotateDatabasePasswords,
} from '../secrets/rotate-database-password.ts';
import { secretsSection } from '../status/secrets.ts';
import { createStatusContext } from '../status/status-context.ts';
import type { Rotation } from '../secrets/rotation.ts';
import { requireSecrets } from '../secrets/stack-secrets.ts';
import { readVersions } from '../secrets/secret-versions.ts';
import { readOutputs } from '../stack/outputs.ts';
import { requireStack, type Stack } from '../stack/stack.ts';
import { requireStableStack } from '../stack/wait-until-stable.ts';

/** Options of a rotation. */
export interface RotateOptions {
  /** Whether the servers no longer accept the old session secret, which logs all users out. */
  leaked: boolean;
  dryRun: boolean;
}

/**
 * Replaces the session secret and the passwords of the database users of the stack, except the master's. No request
 * fails, and without `leaked` no user is logged out. An interrupted rotation continues when it is run again.
 * @throws OperatorError before a change when the stack or a secret is not suitable; later with the command that continues
 */
export async function rotateSecrets(
  cloud: CloudContext,
  { leaked, dryRun }: RotateOptions,
): Promise<void> {
  const stack = dryRun ? await requireStack(cloud) : await requireStableStack(cloud);
  const context = createStatusContext(cloud, stack);
  const rotation = {
    cloud,
    outputs: readOutputs(stack),
    secrets: requireSecrets(cloud, await context.listResources()),
  };
  const steps = await planRotation(rotation);
  if (!steps.isUnfinished) assertInitialized(cloud, stack);
  await assertSessionSecret(rotation);
  for (const line of (await secretsSection(context)).lines) cloud.print(line);
  if (dryRun) {
    for (const [index, step] of listPlan(steps, leaked).entries())
      cloud.print(`${index + 1}. ${step}`);
    return cloud.print('Nothing was changed.');
  }
  await rotate(rotation, steps, leaked).catch((error: unknown) => {
    const command = formatCommand(cloud, `secrets rotate${leaked ? ' --leaked' : ''}`);
    throw addSentence(
      error,
      `The rotation is unfinished. The old and the new secrets are valid. Run ${command} again to continue.`,
    );
  });
  cloud.log('The session secret and the database passwords are new.');
}

/** The rotations of this command. */
interface Steps {
  /** Whether an earlier command was interrupted. */
  isUnfinished: boolean;
  /** Whether the database passwords are rotated. An interrupted command may have done this already. */
  includesDatabase: boolean;
}

/**
 * Returns the rotations that are needed, by the stages of the secrets. A rotation of the database passwords begins before
 * that of the session secret, and ends before it.
 */
async function planRotation({ cloud, secrets }: Rotation): Promise<Steps> {
  const isRotating = async (id: string | null) =>
    id !== null && (await readVersions(cloud, id)).pending !== null;
  const database =
    (await isRotating(secrets.databasePassword)) || (await isRotating(secrets.readerPassword));
  const session = await isRotating(secrets.sessionSecret);
  return { isUnfinished: database || session, includesDatabase: database || !session };
}

async function rotate(
  rotation: Rotation,
  { includesDatabase }: Steps,
  leaked: boolean,
): Promise<void> {
  if (includesDatabase) await prepareDatabasePasswords(rotation);
  // The restart for the database password also makes the servers accept the new session secret.
  await prepareSessionSecret(rotation);
  if (includesDatabase) await rotateDatabasePasswords(rotation);
  await rotateSessionSecret(rotation);
  if (leaked) await retireSessionSecrets(rotation);
}

/** While SetUp is `yes`, the database may have no user yet, unless an interrupted rotation has set it. */
function assertInitialized(cloud: CloudContext, { parameters }: Stack): void {
  if (parameters.SetUp !== 'yes') return;
  throw new OperatorError(
    `The database is not initialized. Run ${formatCommand(cloud, 'up')} first.`,
  );
}

function listPlan({ includesDatabase }: Steps, leaked: boolean): string[] {
  const restart =
    'Restart the server of each instance, one after the other. The only instance of a stack is replaced instead.';
  return [
    ...(includesDatabase
      ? [
          'Store new database passwords and a new session secret. Servers accept the session secret from their next restart on.',
          'An instance makes the database accept both passwords of the servers, and replaces the password of the SQL prompt. Meanwhile, the instances may read the master password.',
          restart,
          'An instance makes the database refuse the old password of the servers. Meanwhile, the instances may read the master password.',
        ]
      : [restart]),
    'Restart each server again, which then signs cookies with the new session secret.',
    ...(leaked
      ? [
          'Restart each server again, which then refuses the old session secret. This logs all users out.',
        ]
      : []),
  ];
}

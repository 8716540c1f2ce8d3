import { formatAge } from '../../cli/times.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { readVersions } from '../secrets/secret-versions.ts';
import { requireSecrets } from '../secrets/stack-secrets.ts';
import { createSection } from './section.ts';
import type { StatusContext } from './status-context.ts';

// SECURITY.md states this age.
const AGE_MAX_MS = 365 * 24 * 3_600_000;

/** The state of a secret, without its value. */
interface SecretReport {
  /** Such as `session secret`. */
  name: string;
  /** The time of the last change, or null if AWS does not return it. */
  changedAt: Date | null;
  /** Whether a rotation was interrupted, or is running. */
  isRotating: boolean;
}

/** The secrets of the stack. */
interface SecretsReport {
  secrets: SecretReport[];
  /** Whether the instances may read the password of the database's master, which only commands need. */
  mayReadMasterPassword: boolean;
}

/** The ages of the stack's secrets, and the rotations that are unfinished. */
export const secretsSection = createSection(readSecretsReport, formatSecretsReport);

async function readSecretsReport(context: StatusContext): Promise<SecretsReport> {
  const resources = await context.listResources();
  const { databasePassword, readerPassword, sessionSecret } = requireSecrets(context, resources);
  const secrets = await Promise.all([
    readSecret(context, 'database password', databasePassword),
    ...(readerPassword === null ? [] : [readSecret(context, 'reader password', readerPassword)]),
    readSecret(context, 'session secret', sessionSecret),
  ]);
  return { secrets, mayReadMasterPassword: context.stack.parameters.SetUp === 'yes' };
}

async function readSecret(cloud: CloudContext, name: string, id: string): Promise<SecretReport> {
  const { pending, changedAt } = await readVersions(cloud, id);
  return { name, changedAt, isRotating: pending !== null };
}

function formatSecretsReport(
  { secrets, mayReadMasterPassword }: SecretsReport,
  cloud: CloudContext,
): string[] {
  return [
    ...secrets.map(({ name, changedAt }) =>
      changedAt ? `${name}, changed ${formatAge(changedAt)} ago` : `${name}, of unknown age`,
    ),
    ...formatHint(secrets, formatCommand(cloud, 'secrets rotate')),
    ...(mayReadMasterPassword ? ['The instances may read the master password (SetUp=yes).'] : []),
  ];
}

function formatHint(secrets: SecretReport[], command: string): string[] {
  if (secrets.some(({ isRotating }) => isRotating)) {
    return [`A rotation is unfinished. Run ${command} to continue.`];
  }
  const isOld = ({ changedAt }: SecretReport) =>
    changedAt !== null && Date.now() - Number(changedAt) > AGE_MAX_MS;
  return secrets.some(isOld)
    ? [`A secret is older than a year. Run ${command} to replace all of them.`]
    : [];
}

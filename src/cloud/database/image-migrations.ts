import type { EC2Client } from '@aws-sdk/client-ec2';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { findImage, type MiniTwitImage } from '../images.ts';
import type { LaunchTemplateVersion } from '../instances/template-versions.ts';
import type { Stack } from '../stack/stack.ts';

/**
 * Returns whether an image has migrations that the image of the stack lacks. The stack gets an image only after all
 * instances run it, so an interrupted `roll` finds the same answer when it is run again.
 */
export async function hasNewMigrations(
  ec2: EC2Client,
  { schemaVersion }: MiniTwitImage,
  { parameters }: Stack,
): Promise<boolean> {
  const current = await findImage(ec2, parameters.ImageId ?? '');
  return schemaVersion > (current?.schemaVersion ?? 1);
}

/**
 * Asserts that the user data of instances migrates the database.
 * @throws OperatorError when it is that of a version before 1.9.0
 */
export function assertCanMigrate(cloud: CloudContext, { content }: LaunchTemplateVersion): void {
  const userData = Buffer.from(content.UserData ?? '', 'base64').toString('utf8');
  if (userData.includes('export MASTER_SECRET=')) return;
  throw new OperatorError(
    `The image has new migrations, and the stack has the template of a version that cannot apply them. Run ${formatCommand(cloud, 'up')} first.`,
  );
}

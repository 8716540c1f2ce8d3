import type { EC2Client } from '@aws-sdk/client-ec2';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { findImage, type MiniTwitImage } from '../images.ts';
import type { ReplacementPlan } from '../instances/replace-instances.ts';
import type { LaunchTemplateVersion } from '../instances/template-versions.ts';

/**
 * Returns whether an image has migrations that the image of an instance lacks. The instances are those that the image
 * replaces: the parameter ImageId of the stack may already name the new image.
 */
export async function hasNewMigrations(
  ec2: EC2Client,
  { schemaVersion }: MiniTwitImage,
  { outdated, versions }: ReplacementPlan,
): Promise<boolean> {
  const running = versions.filter(({ number }) =>
    outdated.some(({ version }) => version === number),
  );
  const imageIds = new Set(running.map(({ content }) => content.ImageId));
  const images = await Promise.all(Array.from(imageIds, (id) => findImage(ec2, id)));
  return images.some((image) => schemaVersion > (image?.schemaVersion ?? 1));
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

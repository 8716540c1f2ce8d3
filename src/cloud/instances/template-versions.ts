import { isDeepStrictEqual } from 'node:util';
import {
  CreateLaunchTemplateVersionCommand,
  DeleteLaunchTemplateVersionsCommand,
  type EC2Client,
  paginateDescribeLaunchTemplateVersions,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import { listItems } from '../../aws/pages.ts';
import { OperatorError } from '../../errors/operator-error.ts';

const versionSchema = z
  .object({
    VersionNumber: z.number(),
    VersionDescription: z.string().optional(),
    CreateTime: z.date(),
    LaunchTemplateData: z.looseObject({
      ImageId: z.string(),
      InstanceType: z.string(),
      UserData: z.string().optional(),
    }),
  })
  .transform((it) => ({
    number: String(it.VersionNumber),
    createdAt: it.CreateTime,
    /** Whether a command created the version. Those of CloudFormation have no description. */
    isOfCommand: Boolean(it.VersionDescription),
    /** All settings of the version, of which only these are typed. The user data is in base64. */
    content: it.LaunchTemplateData as { ImageId: string; InstanceType: string; UserData?: string },
  }));

/** A version of a launch template, from which instances are launched. */
export type LaunchTemplateVersion = z.infer<typeof versionSchema>;

/** Lists the versions of a launch template, newest first. */
export async function listTemplateVersions(
  ec2: EC2Client,
  templateId: string,
): Promise<LaunchTemplateVersion[]> {
  const versions = await listItems(
    `Cannot list the versions of the launch template ${templateId}`,
    paginateDescribeLaunchTemplateVersions({ client: ec2 }, { LaunchTemplateId: templateId }),
    ({ LaunchTemplateVersions }) => LaunchTemplateVersions,
    versionSchema,
  );
  return versions.toSorted((a, b) => Number(b.number) - Number(a.number));
}

/** Returns the settings of a version with another image. */
export function withImage(
  { content }: LaunchTemplateVersion,
  imageId: string,
): LaunchTemplateVersion['content'] {
  return { ...content, ImageId: imageId };
}

/** Returns whether a version has exactly these settings, whatever its number and description. */
export function hasContent(
  version: LaunchTemplateVersion,
  content: LaunchTemplateVersion['content'],
): boolean {
  return isDeepStrictEqual(version.content, content);
}

/** Creates a version that differs from another by its image alone, and returns its number. */
export async function createTemplateVersion(
  ec2: EC2Client,
  templateId: string,
  from: LaunchTemplateVersion,
  imageId: string,
): Promise<string> {
  const request = ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: templateId,
      SourceVersion: from.number,
      VersionDescription: imageId,
      LaunchTemplateData: { ImageId: imageId },
    }),
  );
  const attempt = `Cannot create a version of ${templateId} with ${imageId}`;
  const response = await withAwsError(attempt, request);
  return String(z.number().parse(response.LaunchTemplateVersion?.VersionNumber));
}

/**
 * Deletes a version of a launch template.
 * @throws OperatorError also when AWS reports a failure in a successful response
 */
export async function deleteTemplateVersion(
  ec2: EC2Client,
  templateId: string,
  number: string,
): Promise<void> {
  const attempt = `Cannot delete the version ${number} of ${templateId}`;
  const request = ec2.send(
    new DeleteLaunchTemplateVersionsCommand({ LaunchTemplateId: templateId, Versions: [number] }),
  );
  const response = await withAwsError(attempt, request);
  const [failure] = response.UnsuccessfullyDeletedLaunchTemplateVersions ?? [];
  if (failure) throw new OperatorError(`${attempt}: ${failure.ResponseError?.Message}`);
}

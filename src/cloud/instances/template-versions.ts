import { isDeepStrictEqual } from 'node:util';
import {
  CreateLaunchTemplateVersionCommand,
  DeleteLaunchTemplateVersionsCommand,
  DescribeLaunchTemplateVersionsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import { OperatorError } from '../../errors/operator-error.ts';

/** A version of a launch template: what instances are started from. */
export interface LaunchTemplateVersion {
  number: string;
  /** All that it says, of which only this has to be known here. */
  content: { ImageId: string; InstanceType: string };
}

const versionAnswer = z
  .object({
    VersionNumber: z.number(),
    LaunchTemplateData: z.looseObject({ ImageId: z.string(), InstanceType: z.string() }),
  })
  .transform((it): LaunchTemplateVersion => ({
    number: String(it.VersionNumber),
    content: it.LaunchTemplateData,
  }));

const versionsAnswer = z.object({
  LaunchTemplateVersions: z.array(versionAnswer).default([]),
  NextToken: z.string().optional(),
});

/** Every version of a launch template, the newest first. */
export async function listTemplateVersions(
  ec2: EC2Client,
  templateId: string,
): Promise<LaunchTemplateVersion[]> {
  const versions: LaunchTemplateVersion[] = [];
  let token: string | undefined;
  do {
    const page = { LaunchTemplateId: templateId, MaxResults: 200, NextToken: token };
    const request = ec2.send(new DescribeLaunchTemplateVersionsCommand(page));
    const answer = await withAwsError(`Cannot look at the launch template ${templateId}`, request);
    const { LaunchTemplateVersions, NextToken } = versionsAnswer.parse(answer);
    versions.push(...LaunchTemplateVersions);
    token = NextToken;
  } while (token);
  return versions.toSorted((a, b) => Number(b.number) - Number(a.number));
}

/** What a version says, with another image. */
export function withImage(
  { content }: LaunchTemplateVersion,
  imageId: string,
): LaunchTemplateVersion['content'] {
  return { ...content, ImageId: imageId };
}

/** Whether instances of this version are what is wanted; its number and its description do not matter. */
export function hasContent(
  version: LaunchTemplateVersion,
  content: LaunchTemplateVersion['content'],
): boolean {
  return isDeepStrictEqual(version.content, content);
}

/** Makes a version that differs from another by its image alone; gives its number. */
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
  const answer = await withAwsError(
    `Cannot make a version of ${templateId} with ${imageId}`,
    request,
  );
  return z
    .object({ LaunchTemplateVersion: z.object({ VersionNumber: z.number() }) })
    .transform((it) => String(it.LaunchTemplateVersion.VersionNumber))
    .parse(answer);
}

/**
 * Deletes a version.
 * @throws OperatorError also when AWS says in an answer that is no error that it did not
 */
export async function deleteTemplateVersion(
  ec2: EC2Client,
  templateId: string,
  number: string,
): Promise<void> {
  const doing = `Cannot delete the version ${number} of ${templateId}`;
  const request = ec2.send(
    new DeleteLaunchTemplateVersionsCommand({ LaunchTemplateId: templateId, Versions: [number] }),
  );
  const answer = deletionAnswer.parse(await withAwsError(doing, request));
  const [failure] = answer.UnsuccessfullyDeletedLaunchTemplateVersions;
  if (failure) throw new OperatorError(`${doing}: ${failure.ResponseError.Message}`);
}

const deletionAnswer = z.object({
  UnsuccessfullyDeletedLaunchTemplateVersions: z
    .array(
      z.object({
        ResponseError: z.object({ Message: z.string().default('') }).default({ Message: '' }),
      }),
    )
    .default([]),
});

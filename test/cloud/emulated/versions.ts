import {
  CreateLaunchTemplateVersionCommand,
  DescribeLaunchTemplateVersionsCommand,
  EC2Client,
  type RequestLaunchTemplateData,
} from '@aws-sdk/client-ec2';
import { inject } from 'vitest';
import type { Account } from '../../support/aws-account.ts';

/**
 * Answers as AWS of versions of launch templates: one that is made from another has all that this says, and an instance
 * remembers of which it was started. Moto makes it of what is given alone, and takes all instances for the first.
 */
export function emulateVersions(account: Account): void {
  const ec2 = openEc2(account.id);
  const userDataOf = new Map<string, string>();
  account.stand('ec2:CreateLaunchTemplateVersion', async (asked) => {
    const form = Object.fromEntries(new URLSearchParams(asked.body.toString()));
    const { LaunchTemplateId, SourceVersion = '' } = form;
    const { LaunchTemplateVersions } = await ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: [SourceVersion] }),
    );
    const source = LaunchTemplateVersions?.[0]?.LaunchTemplateData as RequestLaunchTemplateData;
    const { UserData: userData = userDataOf.get(`${LaunchTemplateId} ${SourceVersion}`), ...data } =
      source;
    const { LaunchTemplateVersion } = await ec2.send(
      new CreateLaunchTemplateVersionCommand({
        LaunchTemplateId,
        VersionDescription: form.VersionDescription,
        LaunchTemplateData: { ...data, ImageId: form['LaunchTemplateData.ImageId'] },
      }),
    );
    const number = LaunchTemplateVersion?.VersionNumber;
    userDataOf.set(`${LaunchTemplateId} ${number}`, userData ?? '');
    const name = 'CreateLaunchTemplateVersionResponse';
    const version = `<launchTemplateVersion><versionNumber>${number}</versionNumber></launchTemplateVersion>`;
    return { status: 200, body: `<${name}>${version}</${name}>` };
  });

  // of such a version with user data, moto's groups start nothing
  account.stand('ec2:DescribeLaunchTemplateVersions', async (_, pass) => {
    const answered = await pass();
    const versions = String(answered.body).split(/(?<=<\/launchTemplateData>)/);
    const told = versions.map((version) => {
      const [, id] = /<launchTemplateId>([^<]+)/.exec(version) ?? [];
      const [, number] = /<versionNumber>(\d+)/.exec(version) ?? [];
      const userData = userDataOf.get(`${id} ${number}`);
      if (!userData) return version;
      return version.replace('</launchTemplateData>', `<userData>${userData}</userData>$&`);
    });
    return { ...answered, body: told.join('') };
  });

  const started = new Map<string, string>();
  account.stand('autoscaling:DescribeAutoScalingGroups', async (_, pass) => {
    const answered = await pass();
    // first the group, then its instances
    const [group = '', ...instances] = String(answered.body).split('<InstanceId>');
    const [, version = ''] = /<Version>(\d+)</.exec(group) ?? [];
    const told = instances.map((instance) => {
      const id = instance.slice(0, instance.indexOf('<'));
      if (!started.has(id)) started.set(id, version);
      return instance.replace(/<Version>\d+</, `<Version>${started.get(id)}<`);
    });
    return { ...answered, body: [group, ...told].join('<InstanceId>') };
  });
}

function openEc2(accountId: string): EC2Client {
  const ec2 = new EC2Client({
    endpoint: inject('aws'),
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  ec2.middlewareStack.add(
    (next) => (built) => {
      const { headers } = built.request as { headers: Record<string, string> };
      headers['x-moto-account-id'] = accountId;
      return next(built);
    },
    { step: 'build' },
  );
  return ec2;
}

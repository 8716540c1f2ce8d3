import {
  CreateLaunchTemplateVersionCommand,
  DescribeLaunchTemplateVersionsCommand,
  type RequestLaunchTemplateData,
} from '@aws-sdk/client-ec2';
import type { EmulatedAccount } from '../../support/aws-account.ts';
import { openMoto } from './moto.ts';

/**
 * Answers as AWS about versions of launch templates. A version that is based on another has its properties, and an
 * instance has the version with which it was started. Moto ignores the other version, and assigns the first one to all
 * instances.
 */
export function emulateVersions(account: EmulatedAccount): void {
  const { ec2 } = openMoto(account.id);
  const userDataOf = new Map<string, string>();
  account.stub('ec2:CreateLaunchTemplateVersion', async (request) => {
    const form = Object.fromEntries(new URLSearchParams(request.body.toString()));
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

  // Moto does not return user data, with which its groups would start no instance.
  account.stub('ec2:DescribeLaunchTemplateVersions', async (_, pass) => {
    const answered = await pass();
    const versions = String(answered.body).split(/(?<=<\/launchTemplateData>)/);
    const completed = versions.map((version) => {
      const [, id] = /<launchTemplateId>([^<]+)/.exec(version) ?? [];
      const [, number] = /<versionNumber>(\d+)/.exec(version) ?? [];
      const userData = userDataOf.get(`${id} ${number}`);
      if (!userData) return version;
      return version.replace('</launchTemplateData>', `<userData>${userData}</userData>$&`);
    });
    return { ...answered, body: completed.join('') };
  });

  const started = new Map<string, string>();
  account.stub('autoscaling:DescribeAutoScalingGroups', async (_, pass) => {
    const answered = await pass();
    // The first part is the group, the others are its instances.
    const [group = '', ...instances] = String(answered.body).split('<InstanceId>');
    const [, version = ''] = /<Version>(\d+)</.exec(group) ?? [];
    const completed = instances.map((instance) => {
      const id = instance.slice(0, instance.indexOf('<'));
      if (!started.has(id)) started.set(id, version);
      return instance.replace(/<Version>\d+</, `<Version>${started.get(id)}<`);
    });
    return { ...answered, body: [group, ...completed].join('<InstanceId>') };
  });
}

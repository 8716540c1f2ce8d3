import { CreateStackCommand } from '@aws-sdk/client-cloudformation';
import {
  CreateImageCommand,
  CreateLaunchTemplateCommand,
  DescribeImagesCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { tagSpecifications } from '../../../src/aws/ec2/tags.ts';
import type { Tags } from '../../../src/aws/tags.ts';
import { listMiniTwitImages } from '../../../src/cloud/images.ts';
import { createBuildFixture, type BuildFixture } from './fixture.ts';

test('`cloud image` retains the newest five images, and images in use', async () => {
  const fixture = await createBuildFixture();
  const { ec2 } = fixture.cloud.clients;
  const [first = '', second = '', third = '', fourth = ''] = await createImages(fixture, 8);
  await ec2.send(new RunInstancesCommand({ ImageId: first, MinCount: 1, MaxCount: 1 }));
  await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: 'minitwit',
      LaunchTemplateData: { ImageId: second },
    }),
  );

  await fixture.cloud.clients.cloudFormation.send(
    new CreateStackCommand({
      StackName: 'minitwit-b',
      TemplateBody: JSON.stringify({
        Parameters: { ImageId: { Type: 'String' } },
        Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
      }),
      Parameters: [{ ParameterKey: 'ImageId', ParameterValue: third }],
      Tags: [{ Key: 'minitwit:stack', Value: 'minitwit-b' }],
    }),
  );

  expect(await fixture.build()).toBe('done');

  const ids = (await listMiniTwitImages(ec2)).map(({ id }) => id);
  expect(ids).toHaveLength(8);
  expect(ids.slice(-3)).toEqual([third, second, first]);
  expect(ids).not.toContain(fourth);
  expect(fixture.lines).toEqual(
    expect.arrayContaining([
      expect.stringMatching(`Removing the old image ${fourth}, MiniTwit 1.0.3, created 2`),
      expect.stringMatching(
        `Retaining the old image ${third}, .*, which the stack minitwit-b uses`,
      ),
      expect.stringMatching(`Retaining the old image ${second}, .*, which lt-\\w+ uses`),
      expect.stringMatching(`Retaining the old image ${first}, .*, which i-\\w+ uses`),
    ]),
  );
});

/** Creates `count` images of MiniTwit and one unfinished image. Returns the ids of the former, oldest first. */
async function createImages({ cloud }: BuildFixture, count: number): Promise<string[]> {
  const { ec2 } = cloud.clients;
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['amazon'] }));
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({ ImageId: Images[0]?.ImageId, MinCount: 1, MaxCount: 1 }),
  );
  const make = async (name: string, tags: Tags) => {
    const { ImageId = '' } = await ec2.send(
      new CreateImageCommand({
        InstanceId: Instances[0]?.InstanceId,
        Name: name,
        TagSpecifications: tagSpecifications(tags, 'image', 'snapshot'),
      }),
    );
    return ImageId;
  };
  await make('minitwit-undone', { 'minitwit:image': 'builder' });
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const tags = { 'minitwit:image': `1.0.${n}`, 'minitwit:commit': 'abc' };
    ids.push(await make(`minitwit-2025112${n}T001500Z-0000`, tags));
  }
  return ids;
}

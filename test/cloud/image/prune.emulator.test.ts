import { CreateStackCommand } from '@aws-sdk/client-cloudformation';
import {
  CreateImageCommand,
  CreateLaunchTemplateCommand,
  DescribeImagesCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { type Tags, tagSpecifications } from '../../../src/aws/ec2/tags.ts';
import { listOwnImages } from '../../../src/cloud/images.ts';
import { openWorld, type World } from './fixture.ts';

test('the newest five images stay, and those that something uses', async () => {
  const world = await openWorld();
  const { ec2 } = world.cloud.clients;
  const [first = '', second = '', third = '', fourth = ''] = await makeImages(world, 8);
  await ec2.send(new RunInstancesCommand({ ImageId: first, MinCount: 1, MaxCount: 1 }));
  await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: 'minitwit',
      LaunchTemplateData: { ImageId: second },
    }),
  );

  await world.cloud.clients.cloudFormation.send(
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

  expect(await world.build()).toBe('done');

  const ids = (await listOwnImages(ec2)).map(({ id }) => id);
  expect(ids).toHaveLength(8);
  expect(ids.slice(-3)).toEqual([third, second, first]);
  expect(ids).not.toContain(fourth);
  expect(world.lines).toEqual(
    expect.arrayContaining([
      expect.stringMatching(`Removing the old image ${fourth}, MiniTwit 1.0.3, made 2`),
      expect.stringMatching(`Keeping ${third}, .*: the stack minitwit-b uses it`),
      expect.stringMatching(`Keeping ${second}, .*: lt-\\w+ uses it`),
      expect.stringMatching(`Keeping ${first}, .*: i-\\w+ uses it`),
    ]),
  );
});

/** So many images of ours, and one that is not done; the oldest first. */
async function makeImages({ cloud }: World, count: number): Promise<string[]> {
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

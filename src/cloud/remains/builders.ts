import { DescribeSecurityGroupsCommand } from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { listImages } from '../../aws/ec2/images.ts';
import { listInstances } from '../../aws/ec2/instances.ts';
import { tagFilter } from '../../aws/ec2/tags.ts';
import { ask } from '../../aws/failures.ts';
import type { Cloud } from '../cloud.ts';
import { BUILDER, IMAGE_TAG } from '../images.ts';

const groupsAnswer = z.object({
  SecurityGroups: z.array(z.object({ GroupId: z.string() })).default([]),
});

/** The ids of what is there only while an image is made; it may be made right now. */
export async function listBuilders({ clients: { ec2 } }: Cloud): Promise<string[]> {
  const filters = [tagFilter(IMAGE_TAG, BUILDER)];
  const command = new DescribeSecurityGroupsCommand({ Filters: filters });
  const [instances, images, groups] = await Promise.all([
    listInstances(ec2, filters),
    listImages(ec2, 'self', filters),
    ask('Cannot look for security groups', ec2.send(command)),
  ]);
  const alive = instances.filter(({ state }) => state !== 'terminated');
  return [
    ...[...alive, ...images].map(({ id }) => id),
    ...groupsAnswer.parse(groups).SecurityGroups.map(({ GroupId }) => GroupId),
  ];
}

import {
  DescribeLoadBalancersCommand,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { z } from 'zod';
import { tagsSchema } from '../../aws/ec2/tags.ts';
import { withAwsError } from '../../aws/errors.ts';
import type { CloudContext } from '../context.ts';
import { STACK_TAG } from '../stack/stack.ts';

const balancersAnswer = z.object({
  LoadBalancers: z.array(z.object({ LoadBalancerArn: z.string() })).default([]),
  NextMarker: z.string().optional(),
});
const targetsAnswer = z.object({
  TargetGroups: z.array(z.object({ TargetGroupArn: z.string() })).default([]),
  NextMarker: z.string().optional(),
});
const tagDescriptionsAnswer = z.object({
  TagDescriptions: z.array(z.object({ ResourceArn: z.string(), Tags: tagsSchema })).default([]),
});

/** The load balancers of a stack, and what they lead to, by their tag: a line each. */
export async function listOrphanedLoadBalancers({
  clients: { loadBalancing },
  stackName,
}: CloudContext): Promise<string[]> {
  const arns: string[] = [];
  let marker: string | undefined;
  do {
    const request = loadBalancing.send(new DescribeLoadBalancersCommand({ Marker: marker }));
    const answer = balancersAnswer.parse(
      await withAwsError('Cannot look for load balancers', request),
    );
    arns.push(...answer.LoadBalancers.map(({ LoadBalancerArn }) => LoadBalancerArn));
    marker = answer.NextMarker;
  } while (marker);
  do {
    const request = loadBalancing.send(new DescribeTargetGroupsCommand({ Marker: marker }));
    const answer = targetsAnswer.parse(
      await withAwsError('Cannot look for target groups', request),
    );
    arns.push(...answer.TargetGroups.map(({ TargetGroupArn }) => TargetGroupArn));
    marker = answer.NextMarker;
  } while (marker);

  const ours: string[] = [];
  // of so many AWS tells at once
  for (let from = 0; from < arns.length; from += 20) {
    const command = new DescribeTagsCommand({ ResourceArns: arns.slice(from, from + 20) });
    const request = withAwsError(
      'Cannot look at tags of load balancers',
      loadBalancing.send(command),
    );
    const { TagDescriptions } = tagDescriptionsAnswer.parse(await request);
    const tagged = TagDescriptions.filter(({ Tags }) => Tags[STACK_TAG] === stackName);
    ours.push(...tagged.map(({ ResourceArn }) => ResourceArn));
  }
  return ours.map(
    (arn) => `the ${arn.includes(':targetgroup/') ? 'target group' : 'load balancer'} ${arn}`,
  );
}

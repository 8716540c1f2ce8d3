import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { tagsAnswer } from '../../aws/ec2/tags.ts';
import { ask } from '../../aws/failures.ts';
import type { Cloud } from '../cloud.ts';
import { STACK_TAG } from '../stack/stack.ts';

const stacksAnswer = z.object({
  Stacks: z.array(z.object({ StackName: z.string(), Tags: tagsAnswer })).default([]),
  NextToken: z.string().optional(),
});

/** The names of all other stacks of MiniTwit in this region. */
export async function listOtherStacks({ clients, stackName }: Cloud): Promise<string[]> {
  const names: string[] = [];
  let token: string | undefined;
  do {
    const request = clients.cloudFormation.send(new DescribeStacksCommand({ NextToken: token }));
    const answer = stacksAnswer.parse(await ask('Cannot look for other stacks', request));
    names.push(
      ...answer.Stacks.filter(({ Tags }) => Tags[STACK_TAG]).map(({ StackName }) => StackName),
    );
    token = answer.NextToken;
  } while (token);
  return names.filter((name) => name !== stackName);
}

import type { AwsStub } from '../../support/aws-stub.ts';

/** The ARN of the stack in all events. */
export const STACK_ID = 'arn:aws:cloudformation:us-east-1:123456789012:stack/minitwit/1';

/**
 * Stubs the events of a stack. Each poll returns one more batch, the first of which has the events before the
 * operation. An event is written as `Database CREATE_FAILED reason`, where `minitwit` is the stack itself. Events have
 * the ids `event-0`, `event-1` and so on, and are a minute apart.
 */
export function stubEvents(aws: AwsStub, batches: string[][], pageSize = 100): void {
  let polls = 0;
  aws.stub('cloudformation:DescribeStackEvents', ({ body }) => {
    const after = Number(new URLSearchParams(body.toString()).get('NextToken') ?? 0);
    if (after === 0) polls += 1;
    const newestFirst = batches.slice(0, polls).flat().map(eventXml).toReversed();
    const page = newestFirst.slice(after, after + pageSize);
    const end = after + pageSize;
    const token = end < newestFirst.length ? `<NextToken>${end}</NextToken>` : '';
    return answer('DescribeStackEvents', `<StackEvents>${page.join('')}</StackEvents>${token}`);
  });
  aws.stub('cloudformation:DescribeStacks', () => {
    const ofStack = batches
      .slice(0, polls)
      .flat()
      .filter((line) => line.startsWith('minitwit '));
    const [, status = 'REVIEW_IN_PROGRESS'] = ofStack.at(-1)?.split(' ') ?? [];
    return answer(
      'DescribeStacks',
      `<Stacks><member><StackId>${STACK_ID}</StackId><StackName>minitwit</StackName>` +
        '<Tags><member><Key>minitwit:stack</Key><Value>minitwit</Value></member></Tags>' +
        `<CreationTime>2026-11-23T00:00:00Z</CreationTime><StackStatus>${status}</StackStatus></member></Stacks>`,
    );
  });
}

function eventXml(line: string, index: number): string {
  const [, resource = '', status, reason] = /^(\S+) (\S+) ?(.*)$/.exec(line) ?? [];
  const at = new Date(Date.UTC(2026, 10, 23, 0, index)).toISOString();
  const isOfStack = resource === 'minitwit';
  return (
    `<member><EventId>event-${index}</EventId><StackId>${STACK_ID}</StackId><StackName>minitwit</StackName>` +
    `<Timestamp>${at}</Timestamp><LogicalResourceId>${resource}</LogicalResourceId>` +
    `<PhysicalResourceId>${isOfStack ? STACK_ID : 'x'}</PhysicalResourceId>` +
    `<ResourceType>${isOfStack ? 'AWS::CloudFormation::Stack' : `AWS::${resource}`}</ResourceType>` +
    `<ResourceStatus>${status}</ResourceStatus><ResourceStatusReason>${reason}</ResourceStatusReason></member>`
  );
}

/** Returns a response in AWS's query protocol. */
export function answer(action: string, result: string) {
  return {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body:
      `<${action}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">` +
      `<${action}Result>${result}</${action}Result></${action}Response>`,
  };
}

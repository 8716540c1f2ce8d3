import type { AwsStub } from '../../support/aws-stub.ts';
import { answerActions } from '../emulated/query.ts';
import { createSiteStack } from '../stack/site-stack.ts';
import { openStubStack, type StubStack } from '../stack/stub-stack.ts';

/** An instance of an account, which is running and in the stack `minitwit` by default. */
export interface StubInstance {
  id: string;
  stack?: string;
  state?: string;
  health?: string;
}

/** The session that AWS opens for the user alice. */
export const SESSION = {
  SessionId: 'alice-0a1b',
  TokenValue: 'token-7d2e',
  StreamUrl: 'wss://ssmmessages.us-east-1.amazonaws.com/v1/data-channel/alice-0a1b',
};

/**
 * Creates a stack with an account that has these instances, of which the first one is the oldest.
 * @param outputs see `createSiteStack`
 */
export async function openSessionStack(
  instances: StubInstance[],
  outputs?: Record<string, string | undefined>,
): Promise<StubStack> {
  const stubStack = await openStubStack();
  await createSiteStack(stubStack, outputs);
  const { aws } = stubStack;
  aws.stub('ec2:DescribeInstances', ({ body }) => {
    const form = new URLSearchParams(body.toString());
    const values = new Set([form.get('Filter.1.Value.1'), form.get('Filter.2.Value.1')]);
    const matches = ({ stack = 'minitwit', state = 'running' }: StubInstance) =>
      values.has(stack) && values.has(state);
    const items = instances.filter(matches).map(toXml).join('');
    const list = `<reservationSet><item><instancesSet>${items}</instancesSet></item></reservationSet>`;
    const text = `<DescribeInstancesResponse>${list}</DescribeInstancesResponse>`;
    return { status: 200, headers: { 'content-type': 'text/xml' }, body: text };
  });
  answerActions(aws, 'elasticloadbalancing', {
    DescribeTargetHealth: () => ({
      TargetHealthDescriptions: instances.map(({ id, health = 'healthy' }) => ({
        Target: { Id: id },
        TargetHealth: { State: health },
      })),
    }),
  });
  stubSessions(aws);
  return stubStack;
}

/** Makes AWS open and terminate `SESSION` when a session is requested. */
export function stubSessions(aws: AwsStub): void {
  const json = (answer: object) => () => ({ status: 200, body: JSON.stringify(answer) });
  aws.stub('ssm:StartSession', json(SESSION));
  aws.stub('ssm:TerminateSession', json({ SessionId: SESSION.SessionId }));
}

function toXml({ id, state = 'running' }: StubInstance, index: number): string {
  return `<item>
    <instanceId>${id}</instanceId>
    <instanceState><name>${state}</name></instanceState>
    <instanceType>t3.micro</instanceType>
    <placement><availabilityZone>us-east-1a</availabilityZone></placement>
    <launchTime>2026-11-2${index}T08:00:00.000Z</launchTime>
  </item>`;
}

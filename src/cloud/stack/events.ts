import { DescribeStackEventsCommand } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import type { CloudContext } from '../context.ts';

/** Something that happened to a resource of the stack, or to the stack itself. */
export interface StackEvent {
  id: string;
  at: Date;
  /** Its logical id, as the template calls it. */
  resource: string;
  /** `AWS::RDS::DBInstance` and the like. */
  type: string;
  /** `CREATE_IN_PROGRESS` and many others. */
  status: string;
  /** In AWS's words; null where it says nothing. */
  reason: string | null;
  /** Whether it is about the stack as a whole. */
  isOfStack: boolean;
}

const eventsAnswer = z.object({
  StackEvents: z
    .array(
      z
        .object({
          EventId: z.string(),
          StackId: z.string(),
          Timestamp: z.date(),
          LogicalResourceId: z.string(),
          PhysicalResourceId: z.string().optional(),
          ResourceType: z.string(),
          ResourceStatus: z.string(),
          ResourceStatusReason: z.string().optional(),
        })
        .transform((it): StackEvent => ({
          id: it.EventId,
          at: it.Timestamp,
          resource: it.LogicalResourceId,
          type: it.ResourceType,
          status: it.ResourceStatus,
          reason: it.ResourceStatusReason || null,
          isOfStack: it.PhysicalResourceId === it.StackId,
        })),
    )
    .default([]),
  NextToken: z.string().optional(),
});

/**
 * What has happened to a stack, the oldest first.
 * @param since the id of an event: only what came after it; null for what the last operation did, from its beginning
 */
export async function listEvents(
  { clients, stackName }: CloudContext,
  stackId: string,
  since: string | null,
): Promise<StackEvent[]> {
  const found: StackEvent[] = [];
  let token: string | undefined;
  do {
    const page = { StackName: stackId, NextToken: token };
    const request = clients.cloudFormation.send(new DescribeStackEventsCommand(page));
    const answer = eventsAnswer.parse(
      await withAwsError(`Cannot look what happens to the stack ${stackName}`, request),
    );
    for (const event of answer.StackEvents) {
      if (event.id === since) return found.toReversed();
      found.push(event);
      if (since === null && isBeginning(event)) return found.toReversed();
    }
    token = answer.NextToken;
  } while (token);
  return found.toReversed();
}

/** Whether an operation began with it; what comes of it, such as its undoing, goes on from there. */
function isBeginning({ isOfStack, status }: StackEvent): boolean {
  return isOfStack && /^(CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS$/.test(status);
}

/** The id of what happened last; null where nothing has. */
export async function findLastEventId(
  { clients, stackName }: CloudContext,
  stackId: string,
): Promise<string | null> {
  const request = clients.cloudFormation.send(
    new DescribeStackEventsCommand({ StackName: stackId }),
  );
  const answer = await withAwsError(`Cannot look what happened to the stack ${stackName}`, request);
  return eventsAnswer.parse(answer).StackEvents[0]?.id ?? null;
}

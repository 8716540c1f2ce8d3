import {
  DescribeStackEventsCommand,
  paginateDescribeStackEvents,
} from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import { readPages } from '../../aws/pages.ts';
import type { CloudContext } from '../context.ts';

const eventSchema = z
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
  .transform((it) => ({
    id: it.EventId,
    at: it.Timestamp,
    /** The logical id in the template. */
    resource: it.LogicalResourceId,
    /** Such as `AWS::RDS::DBInstance`. */
    type: it.ResourceType,
    /** `CREATE_IN_PROGRESS` and many others. */
    status: it.ResourceStatus,
    /** AWS's reason for the status, or null. */
    reason: it.ResourceStatusReason || null,
    /** Whether the event is about the stack itself and not about a resource. */
    isOfStack: it.PhysicalResourceId === it.StackId,
  }));

/** A change of the status of a resource, or of the stack itself. */
export type StackEvent = z.infer<typeof eventSchema>;

/**
 * Lists the events of a stack, oldest first.
 * @param since the id of an event, to list only later events; null to list the events of the last operation
 */
export async function listEvents(
  { clients, stackName }: CloudContext,
  stackId: string,
  since: string | null,
): Promise<StackEvent[]> {
  const pages = paginateDescribeStackEvents(
    { client: clients.cloudFormation },
    { StackName: stackId },
  );
  const events: StackEvent[] = [];
  for await (const page of readPages(`Cannot read the events of the stack ${stackName}`, pages)) {
    for (const event of z.array(eventSchema).parse(page.StackEvents ?? [])) {
      if (event.id === since) return events.toReversed();
      events.push(event);
      if (since === null && startsOperation(event)) return events.toReversed();
    }
  }
  return events.toReversed();
}

/** Returns whether an operation starts with this event. A rollback is part of the operation that it rolls back. */
function startsOperation({ isOfStack, status }: StackEvent): boolean {
  return isOfStack && /^(CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS$/.test(status);
}

/** Returns the id of the newest event of a stack, or null if there is none. */
export async function findLastEventId(
  { clients, stackName }: CloudContext,
  stackId: string,
): Promise<string | null> {
  const request = clients.cloudFormation.send(
    new DescribeStackEventsCommand({ StackName: stackId }),
  );
  const attempt = `Cannot read the last event of the stack ${stackName}`;
  const response = await withAwsError(attempt, request);
  return response.StackEvents?.[0]?.EventId ?? null;
}

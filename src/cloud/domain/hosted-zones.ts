import {
  GetHostedZoneCommand,
  ListResourceRecordSetsCommand,
  type Route53Client,
} from '@aws-sdk/client-route-53';
import { z } from 'zod';
import { nullIfAwsError, withAwsError } from '../../aws/errors.ts';

const zoneSchema = z
  .object({
    HostedZone: z.object({
      Name: z.string(),
      Config: z.object({ PrivateZone: z.boolean().default(false) }).default({ PrivateZone: false }),
    }),
    DelegationSet: z.object({ NameServers: z.array(z.string()) }).optional(),
  })
  .transform((it) => ({
    /** The domain, without a dot at the end. */
    name: withoutDot(it.HostedZone.Name),
    isPrivate: it.HostedZone.Config.PrivateZone,
    /** The name servers of a public zone. A private zone has none. */
    nameServers: it.DelegationSet?.NameServers ?? [],
  }));

/** A hosted zone of Route 53. */
export type HostedZone = z.infer<typeof zoneSchema>;

/** Returns a hosted zone of this account, or null if there is none. */
export async function findHostedZone(
  route53: Route53Client,
  id: string,
): Promise<HostedZone | null> {
  const request = route53.send(new GetHostedZoneCommand({ Id: id }));
  const attempt = `Cannot read the hosted zone ${id}`;
  const response = await nullIfAwsError('NoSuchHostedZone', withAwsError(attempt, request));
  return response && zoneSchema.parse(response);
}

const recordsSchema = z
  .array(z.object({ Name: z.string(), Type: z.string() }))
  .transform((records) => records.map((it) => ({ name: withoutDot(it.Name), type: it.Type })));

/** Lists the types of all records that a hosted zone has for a name, such as `CNAME`. */
export async function listRecordTypes(
  route53: Route53Client,
  zoneId: string,
  name: string,
): Promise<string[]> {
  // Route 53 sorts records by name, so those of this name come first. A name has few records.
  const input = { HostedZoneId: zoneId, StartRecordName: name };
  const request = route53.send(new ListResourceRecordSetsCommand(input));
  const response = await withAwsError(`Cannot list the records of ${name}`, request);
  const records = recordsSchema.parse(response.ResourceRecordSets ?? []);
  return records.filter((it) => it.name === name).map(({ type }) => type);
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, '');
}

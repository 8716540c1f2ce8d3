import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import type { ParameterValues } from '../stack/parameters.ts';
import type { Stack } from '../stack/stack.ts';
import { assertDomainName } from './domain-name.ts';
import { findHostedZone, listRecordTypes } from './hosted-zones.ts';
import { assertDelegated } from './name-servers.ts';

// A CNAME prevents any other record of its name. An AAAA record would lead other readers elsewhere.
const CONFLICTING_RECORDS = new Set(['A', 'AAAA', 'CNAME']);

/**
 * Asserts that the stack can have its domain: the hosted zone is public and contains it, the zone's name servers are in
 * use, and no record of the domain exists. Requests nothing if domain and zone are those of the stack.
 * @param stack null for a new stack
 * @throws OperatorError with what is wrong, before anything is changed
 */
export async function assertDomain(
  cloud: CloudContext,
  stack: Stack | null,
  { Domain = '', HostedZoneId = '', CertificateArn = '' }: ParameterValues,
): Promise<void> {
  if (!Domain && !HostedZoneId) return;
  if (!Domain) {
    throw new OperatorError('HostedZoneId needs a domain: --set Domain=minitwit.example.com.');
  }
  assertDomainName(Domain);
  if (!HostedZoneId && !CertificateArn) {
    throw new OperatorError(
      'Domain needs --set HostedZoneId=Z… if its zone is in Route 53, otherwise --set CertificateArn=arn:….',
    );
  }
  if (!HostedZoneId || isUnchanged(stack, { Domain, HostedZoneId })) return;
  await assertZone(cloud, Domain, HostedZoneId);
  if (CertificateArn) return;
  cloud.print(
    `AWS validates the certificate of ${Domain} by a DNS record. This takes some minutes, and up to half an hour.`,
  );
}

function isUnchanged(stack: Stack | null, values: ParameterValues): boolean {
  return Object.entries(values).every(([name, value]) => stack?.parameters[name] === value);
}

async function assertZone(cloud: CloudContext, domain: string, zoneId: string): Promise<void> {
  const { route53 } = cloud.clients;
  const zone = await findHostedZone(route53, zoneId);
  if (!zone) {
    throw new OperatorError(
      `There is no hosted zone ${zoneId} in this account. Route 53 › Hosted zones lists all.`,
    );
  }
  if (zone.isPrivate) {
    throw new OperatorError(
      `The hosted zone ${zoneId} is private. AWS validates certificates in public zones only.`,
    );
  }
  if (domain !== zone.name && !domain.endsWith(`.${zone.name}`)) {
    throw new OperatorError(`The hosted zone ${zoneId} is that of ${zone.name}, not of ${domain}.`);
  }
  await assertDelegated(cloud, zone);
  const types = await listRecordTypes(route53, zoneId, domain);
  const conflicting = types.filter((type) => CONFLICTING_RECORDS.has(type));
  if (conflicting.length === 0) return;
  throw new OperatorError(
    `The hosted zone ${zoneId} already has records of ${domain} (${conflicting.join(', ')}). Delete them, or set another Domain.`,
  );
}

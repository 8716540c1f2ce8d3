import { errorMessage } from '../../errors/error-message.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';
import type { HostedZone } from './hosted-zones.ts';

/**
 * Asserts that the domain of a hosted zone uses the zone's name servers. Otherwise AWS waits for 36 hours for the
 * validation of the certificate. If the name servers cannot be found, prints those of the zone.
 * @throws OperatorError if the domain has other name servers
 */
export async function assertDelegated(
  { print, resolveNs }: CloudContext,
  { name, nameServers }: HostedZone,
): Promise<void> {
  const ofZone = nameServers.join(', ');
  let found: string[];
  try {
    found = await resolveNs(name);
  } catch (error) {
    print(
      `The name servers of ${name} could not be found (${errorMessage(error)}). AWS can validate the certificate only if ` +
        `they are those of the hosted zone: ${ofZone}.`,
    );
    return;
  }
  const isOfZone = (server: string) => nameServers.includes(server.toLowerCase());
  if (found.some(isOfZone)) return;
  throw new OperatorError(
    `The name servers of ${name} are ${found.join(', ')}, so its hosted zone is not in use. Set those of the zone at the ` +
      `registrar (${ofZone}), or set CertificateArn instead of HostedZoneId.`,
  );
}

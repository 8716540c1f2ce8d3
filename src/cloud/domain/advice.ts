import { errorMessage } from '../../errors/error-message.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand } from '../format-command.ts';
import { DATABASE_PAGE } from '../instances/wait-until-ready.ts';
import type { Outputs } from '../stack/outputs.ts';
import type { ParameterValues } from '../stack/parameters.ts';

/** Returns a warning if the site has no certificate, otherwise no line. */
export function formatInsecure(
  context: Pick<CloudContext, 'stackName'>,
  address: string,
): string[] {
  if (address.startsWith('https:')) return [];
  const command = formatCommand(
    context,
    'up --set Domain=minitwit.example.com --set HostedZoneId=Z…',
  );
  return [
    `Passwords are sent without encryption, because the stack has no certificate. To use https: ${command}`,
  ];
}

/** Requests the site by its domain. Returns what to do if it is not reachable, otherwise no line. */
export async function explainUnreachable(
  { fetchHttpStatus }: CloudContext,
  { address, balancer }: Pick<Outputs, 'address' | 'balancer'>,
  { HostedZoneId }: ParameterValues,
): Promise<string[]> {
  const domain = new URL(address).hostname;
  if (domain === balancer) return [];
  const problem = await fetchHttpStatus(`${address}${DATABASE_PAGE}`).then(
    (status) => (status === 200 ? null : `status ${status}`),
    errorMessage,
  );
  if (problem === null) return [];
  const todo = HostedZoneId
    ? 'A new DNS record is visible after some minutes.'
    : `Create this DNS record: ${domain} CNAME ${balancer}`;
  return [`${address} is not reachable by its name yet (${problem}). ${todo}`];
}

import type { Template } from './parse-template.ts';

type Rule = Record<string, unknown>;

const GROUP = 'AWS::EC2::SecurityGroup';

/**
 * Lists the connections that a template's security groups allow, by the group's name: those of the group itself, then
 * those of separate rules. Without a rule for outgoing connections, AWS allows all of them, which is listed as
 * “everything”.
 */
export function listConnections(resources: Template['Resources']): Record<string, string[]> {
  const connections: Record<string, string[]> = {};
  const entries = Object.entries(resources);
  const groups = entries.filter(([, { Type }]) => Type === GROUP);
  for (const [name, { Properties }] of groups) {
    connections[name] = [
      ...rulesIn(Properties.SecurityGroupIngress).map((rule) => formatRule('from', rule)),
      ...rulesIn(Properties.SecurityGroupEgress).map((rule) => formatRule('to', rule)),
    ];
  }
  for (const [, { Type, Properties, Condition }] of entries) {
    if (Type !== `${GROUP}Ingress` && Type !== `${GROUP}Egress`) continue;
    const direction = Type === `${GROUP}Ingress` ? 'from' : 'to';
    const ofGroup = (connections[formatEnd(Properties.GroupId)] ??= []);
    ofGroup.push(formatRule(direction, Properties, Condition));
  }
  for (const [name] of groups) {
    const ofGroup = connections[name] ?? [];
    if (!ofGroup.some((connection) => connection.includes(' to '))) ofGroup.push('everything');
  }
  return connections;
}

function rulesIn(rules: unknown): Rule[] {
  return [rules ?? []].flat() as Rule[];
}

function formatRule(direction: 'from' | 'to', rule: Rule, condition?: string): string {
  if ('Fn::If' in rule) {
    const [name, value, otherwise] = rule['Fn::If'] as [string, Rule, Rule];
    const isOptional = otherwise.Ref === 'AWS::NoValue';
    return formatRule(
      direction,
      value,
      isOptional ? name : `${name}, else ${JSON.stringify(otherwise)}`,
    );
  }
  const { IpProtocol, FromPort, ToPort, SourceSecurityGroupId, DestinationSecurityGroupId } = rule;
  const ports = FromPort === ToPort ? String(FromPort) : `${String(FromPort)}-${String(ToPort)}`;
  const end = SourceSecurityGroupId ?? DestinationSecurityGroupId ?? rule.CidrIp ?? rule.CidrIpv6;
  const connection = `${String(IpProtocol)} ${ports} ${direction} ${formatEnd(end)}`;
  return condition === undefined ? connection : `${connection} if ${condition}`;
}

/** Returns the name of a security group, or an address. */
function formatEnd(value: unknown): string {
  return (value as { Ref?: string } | undefined)?.Ref ?? String(value);
}

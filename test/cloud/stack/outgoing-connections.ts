import type { Template } from './parse-template.ts';

type Node = Record<string, unknown>;

// All outgoing connections of each security group. A rule for 127.0.0.1 allows none.
const ALLOWED: Record<string, string[]> = {
  DatabaseGroup: ['tcp 3306 to 127.0.0.1/32'],
  InstanceGroup: ['tcp 443 to 0.0.0.0/0', 'tcp 3306 to DatabaseGroup', 'tcp 22 to WarehouseGroup'],
  BalancerGroup: ['tcp 5000 to InstanceGroup'],
  WarehouseGroup: ['tcp 443 to 0.0.0.0/0'],
};

/** Lists the outgoing connections that a template's security groups allow in excess of the above, or lack. */
export function listOutgoingFaults({ Resources }: Template): string[] {
  const ofType = (type: string) =>
    Object.entries(Resources).filter(([, { Type }]) => Type === type);
  const groups = ofType('AWS::EC2::SecurityGroup');
  const separate = ofType('AWS::EC2::SecurityGroupEgress');
  return [
    ...groups.flatMap(([name, { Properties }]) => {
      const ofGroup = separate.filter(([, rule]) => refOf(rule.Properties.GroupId) === name);
      return faultsOfGroup(name, [
        ...[Properties.SecurityGroupEgress ?? []].flat().map((rule) => formatRule(rule as Node)),
        ...ofGroup.map(([, rule]) => (rule.Condition ? CONDITIONAL : formatRule(rule.Properties))),
      ]);
    }),
    ...separate.flatMap(([name, { Properties }]) =>
      groups.some(([group]) => group === refOf(Properties.GroupId))
        ? []
        : [`${name} is a rule of no group of the template`],
    ),
  ];
}

function faultsOfGroup(name: string, rules: string[]): string[] {
  if (rules.length === 0) return [`${name} allows everything, as AWS has it without a rule`];
  const allowed = ALLOWED[name] ?? [];
  return [
    ...rules.filter((rule) => !allowed.includes(rule)).map((rule) => `${name} allows ${rule}`),
    ...allowed.filter((rule) => !rules.includes(rule)).map((rule) => `${name} lacks ${rule}`),
  ];
}

// Without its rules, a group would allow everything.
const CONDITIONAL = 'what a condition decides';

function formatRule(rule: Node): string {
  if ('Fn::If' in rule) return CONDITIONAL;
  const { IpProtocol, FromPort, ToPort, DestinationSecurityGroupId, CidrIp, CidrIpv6 } = rule;
  const ports = FromPort === ToPort ? String(FromPort) : `${String(FromPort)}-${String(ToPort)}`;
  const to = refOf(DestinationSecurityGroupId) ?? CidrIp ?? CidrIpv6;
  return `${String(IpProtocol)} ${ports} to ${String(to)}`;
}

function refOf(value: unknown): string | undefined {
  return (value as { Ref?: string } | undefined)?.Ref;
}

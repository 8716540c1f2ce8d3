import type { Template } from '../stack/parse-template.ts';
import {
  createConditions,
  isNode,
  type Node,
  createResolver,
  listReferences,
  valuesOf,
} from './evaluate.ts';

/** A tag in AWS's format. */
export interface Tag {
  Key: string;
  Value: string;
}

/** The requested state of a stack. */
export interface RequestedStack {
  /** The template's resources whose condition is true, with the values of all parameters. */
  resources: Record<string, Resource>;
  /** The resources that moto can create, in moto's form. */
  motoResources: Record<string, Node>;
  outputs: Node;
  /** The values of the parameters. */
  values: Node;
  /** The parameters to which each property of a resource refers. */
  parametersOf: Record<string, Record<string, string[]>>;
}

/** A resource of a template. */
export interface Resource {
  Type: string;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  Properties: Node;
}

/** Returns the state that a template with these parameters requests. */
export function requestStack(
  template: Template,
  parameters: Record<string, string>,
  tags: Tag[],
): RequestedStack {
  const values = valuesOf(template, parameters);
  const decide = createConditions(template, values);
  const resolve = createResolver(values, decide);
  const select = <Thing extends { Condition?: string | undefined }>(
    things: Record<string, Thing>,
  ) =>
    Object.fromEntries(
      Object.entries(things)
        .filter(([, { Condition }]) => Condition === undefined || decide(Condition))
        .map(([name, thing]) => [name, resolve(without(thing, 'Condition'))]),
    );

  const resources = select(template.Resources) as Record<string, Resource>;
  const literals = literalsOf(resources);
  const known = (value: unknown) => replaceLacking(value, literals);
  const motoResources = Object.fromEntries(
    Object.entries(resources)
      .filter(([, { Type }]) => !UNSUPPORTED_TYPES.has(Type))
      .map(([name, resource]) => [name, known(withTags(putRight(resource), tags)) as Node]),
  );
  const outputs = known(select(template.Outputs)) as Node;
  return { resources, motoResources, outputs, values, parametersOf: listParameters(template) };
}

/** Lists the parameters to which each property of a template's resources refers. */
function listParameters({ Parameters, Resources }: Template): RequestedStack['parametersOf'] {
  const parametersIn = (value: unknown) => listReferences(value).filter((it) => it in Parameters);
  return mapValues(Resources, ({ Properties }) => mapValues(Properties, parametersIn));
}

function mapValues<Value, Result>(
  values: Record<string, Value>,
  convert: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(values).map(([name, it]) => [name, convert(it)]));
}

/** The resource types that moto's CloudFormation cannot create. */
const UNSUPPORTED_TYPES = new Set([
  'AWS::Athena::WorkGroup',
  'AWS::CertificateManager::Certificate',
  'AWS::AutoScaling::ScalingPolicy',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::EC2::SecurityGroupEgress',
  'AWS::Glue::Database',
  'AWS::Glue::Table',
  'AWS::Route53::RecordSet',
  'AWS::S3::BucketPolicy',
  'AWS::Scheduler::Schedule',
  'AWS::SecretsManager::Secret',
  'AWS::WAFv2::WebACL',
  'AWS::WAFv2::WebACLAssociation',
]);

/** The values of references to these resources, by name, or by name and attribute. */
function literalsOf(resources: Record<string, Resource>): Map<string, unknown> {
  const literals = new Map<string, unknown>();
  for (const [name, { Type, Properties }] of Object.entries(resources)) {
    if (Type === 'AWS::SecretsManager::Secret') literals.set(name, secretArn(name));
    if (Type === 'AWS::CloudWatch::Alarm') literals.set(name, Properties.AlarmName);
    if (Type === 'AWS::Athena::WorkGroup' || Type === 'AWS::Glue::Database') {
      literals.set(name, { 'Fn::Sub': '${AWS::StackName}' });
    }
    if (Type === 'AWS::RDS::DBInstance') {
      literals.set(`${name}.MasterUserSecret.SecretArn`, secretArn('rds!db-master'));
    }
    if (Type === 'AWS::Logs::LogGroup') {
      const arn = 'arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:';
      literals.set(`${name}.Arn`, { 'Fn::Sub': `${arn}\${AWS::StackName}-${name}:*` });
    }
  }
  return literals;
}

function secretArn(name: string) {
  const place = 'arn:aws:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:';
  return { 'Fn::Sub': `${place}${name}-a1B2c3` };
}

function replaceLacking(value: unknown, literals: Map<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((each) => replaceLacking(each, literals));
  if (!isNode(value)) return value;
  if (typeof value.Ref === 'string' && literals.has(value.Ref)) return literals.get(value.Ref);
  const attribute = value['Fn::GetAtt'];
  if (Array.isArray(attribute)) return literals.get(attribute.join('.')) ?? value;
  const text = value['Fn::Sub'];
  if (typeof text === 'string') {
    // Within a text, the name replaces a resource that moto lacks.
    const name = (whole: string, each: string) => (literals.has(each) ? each : whole);
    return withVariables(text.replaceAll(/\$\{(\w+)\}/g, name), literals);
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, replaceLacking(each, literals)]),
  );
}

/** Returns a substitution with a variable for each attribute of an attribute, which moto does not find in a text. */
function withVariables(text: string, literals: Map<string, unknown>): Node {
  const variables: Node = {};
  const filled = text.replaceAll(/\$\{(\w+)\.(\w+\.\w+)\}/g, (_, name: string, path: string) => {
    const variable = `${name}${path.replace('.', '')}`;
    variables[variable] = literals.get(`${name}.${path}`) ?? { 'Fn::GetAtt': [name, path] };
    return `\${${variable}}`;
  });
  return { 'Fn::Sub': Object.keys(variables).length > 0 ? [filled, variables] : filled };
}

/** Converts the properties that moto reads differently. */
function putRight({ DeletionPolicy, Type, Properties, ...rest }: Resource): Node {
  const retention = DeletionPolicy === 'RetainExceptOnCreate' ? { DeletionPolicy: 'Retain' } : {};
  return { ...rest, ...retention, Type, Properties: propertiesFor(Type, Properties) };
}

function propertiesFor(type: string, properties: Node): Node {
  if (type === 'AWS::EC2::LaunchTemplate') return withSize(properties);
  // Moto resolves certificates, and has none.
  if (type === 'AWS::ElasticLoadBalancingV2::Listener') {
    return { ...without(properties, 'Certificates', 'SslPolicy'), Protocol: 'HTTP' };
  }
  if (type !== 'AWS::RDS::DBInstance') return properties;
  const { VPCSecurityGroups, ...rest } = without(
    properties,
    'DBParameterGroupName',
    'ManageMasterUserPassword',
  );
  return {
    MasterUsername: 'admin',
    ...rest,
    VpcSecurityGroupIds: VPCSecurityGroups,
    MasterUserPassword: 'motoResources-by-rds',
  };
}

/** Adds the size of each disk, which moto does not read from the image. */
function withSize(properties: Node): Node {
  const data = properties.LaunchTemplateData as { BlockDeviceMappings: { Ebs: Node }[] };
  const BlockDeviceMappings = data.BlockDeviceMappings.map((mapping) => ({
    ...mapping,
    Ebs: { VolumeSize: 8, ...mapping.Ebs },
  }));
  return { ...properties, LaunchTemplateData: { ...data, BlockDeviceMappings } };
}

const TAGGED =
  /^AWS::(EC2::(SecurityGroup|Volume)|RDS::DBInstance|S3::Bucket|IAM::Role|ElasticLoadBalancingV2::(LoadBalancer|TargetGroup))$/;

function withTags(resource: Node, tags: Tag[]): Node {
  const { Type, Properties } = resource as { Type: string; Properties: { Tags?: Tag[] } };
  if (!TAGGED.test(Type)) return resource;
  return {
    ...resource,
    Properties: { ...Properties, Tags: [...(Properties.Tags ?? []), ...tags] },
  };
}

function without(thing: object, ...names: string[]): Node {
  return Object.fromEntries(Object.entries(thing).filter(([name]) => !names.includes(name)));
}

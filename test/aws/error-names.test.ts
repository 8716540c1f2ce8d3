import { globSync, readFileSync } from 'node:fs';
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import * as autoScaling from '@aws-sdk/client-auto-scaling';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import * as cloudFormation from '@aws-sdk/client-cloudformation';
import * as ec2 from '@aws-sdk/client-ec2';
import * as loadBalancing from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import * as iam from '@aws-sdk/client-iam';
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import * as rds from '@aws-sdk/client-rds';
import * as route53 from '@aws-sdk/client-route-53';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import * as s3 from '@aws-sdk/client-s3';
import * as secretsManager from '@aws-sdk/client-secrets-manager';
import { ListCommandsCommand, SSMClient } from '@aws-sdk/client-ssm';
import * as ssm from '@aws-sdk/client-ssm';
import { expect, onTestFinished, test } from 'vitest';
import { isAwsError } from '../../src/aws/errors.ts';
import { startAwsStub } from '../support/aws-stub.ts';

/** An error that a client of the SDK knows. */
interface ModelledError {
  /** The name of the SDK's class, which is the name of the thrown error. */
  className: string;
  /** The code in AWS's response. */
  code: string;
}

const CLIENTS = {
  autoScaling,
  cloudFormation,
  ec2,
  iam,
  loadBalancing,
  rds,
  route53,
  s3,
  secretsManager,
  ssm,
};

/** The clients of services with AWS's JSON protocol, whose codes are always the names of the classes. */
const JSON_CLIENTS = new Set<object>([secretsManager, ssm]);

/** Lists the errors that a client knows, from the schemas that the SDK generates from AWS's models. */
function listModelledErrors(client: object): ModelledError[] {
  const isJson = JSON_CLIENTS.has(client);
  return Object.values(client).flatMap((schema: unknown) => {
    if (!Array.isArray(schema) || schema[0] !== -3) return [];
    const [, , className, traits] = schema as [number, string, string, unknown];
    const { awsQueryError } = Object(traits) as { awsQueryError?: [string, number] };
    return [{ className, code: (!isJson && awsQueryError?.[0]) || className }];
  });
}

const modelled = Object.values(CLIENTS).flatMap(listModelledErrors);

/** Errors that AWS documents, but that no client knows. Such an error is thrown with AWS's code as its name. */
const UNMODELLED = new Set([
  // EC2, whose model has no errors: "Error codes for the Amazon EC2 API".
  'AuthFailure',
  'DependencyViolation',
  'DryRunOperation',
  'IncorrectState',
  'InsufficientInstanceCapacity',
  'InvalidAMIName.Duplicate',
  'InvalidAttachment.NotFound',
  'InvalidGroup.Duplicate',
  'InvalidParameterValue',
  'InvalidSnapshot.InUse',
  'RequestExpired',
  'SecurityGroupLimitExceeded',
  'UnauthorizedOperation',
  'UnsupportedOperation',
  'VcpuLimitExceeded',
  'VolumeInUse',
  // All services of the query protocol: "Common Errors" in each API reference.
  'AccessDenied',
  'ExpiredToken',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'ValidationError',
  // All services of the JSON protocol: "Common Error Types".
  'AccessDeniedException',
  'ExpiredTokenException',
  'InvalidSignatureException',
  'UnrecognizedClientException',
  // S3: "List of error codes".
  'InvalidAccessKeyId',
  'NoSuchTagSet',
  'TooManyBuckets',
  // Errors of the SDK itself.
  'CredentialsProviderError',
  'TimeoutError',
  'TokenProviderError',
]);

const sources = globSync('src/{aws,cloud,warehouse}/**/*.ts').map((file) =>
  readFileSync(file, 'utf8'),
);

/** Lists the names to which the source compares errors of AWS. */
function listComparedNames(): string[] {
  const names = sources.flatMap((text) => [
    ...Array.from(text.matchAll(/isAwsError\(\s*\w+,\s*([^)]*)\)/g), ([, list = '']) => list),
    ...Array.from(text.matchAll(/nullIfAwsError\(\s*('[\w.]+')/g), ([, name = '']) => name),
    ...(text.includes('findAwsError') ? listEqualNames(text) : []),
  ]);
  const quoted = names.flatMap((list) =>
    Array.from(list.matchAll(/'([\w.]+)'/g), ([, it]) => it ?? ''),
  );
  const [, hints = ''] =
    /const HINTS[^{]*\{([^}]*)\}/.exec(readFileSync('src/aws/errors.ts', 'utf8')) ?? [];
  const ofHints = Array.from(hints.matchAll(/^ +(\w+):/gm), ([, name]) => name ?? '');
  return [...new Set([...quoted, ...ofHints])].toSorted();
}

function listEqualNames(text: string): string[] {
  return Array.from(text.matchAll(/\bname === ('[A-Z][\w.]+')/g), ([, name = '']) => name);
}

const withoutSuffix = (className: string) => className.replace(/(Exception|Fault)$/, '');

test('each error name that the source compares is an error of the SDK, or documented by AWS', () => {
  const compared = listComparedNames();
  expect(compared.length).toBeGreaterThan(40);
  const known = new Set(modelled.flatMap(({ className }) => [className, withoutSuffix(className)]));
  expect(compared.filter((name) => !known.has(name) && !UNMODELLED.has(name))).toEqual([]);
  expect([...UNMODELLED].filter((name) => !compared.includes(name))).toEqual([]);
});

/** A request to each service, which can return any error. */
const PROBES: Record<string, { action: string; send: () => Promise<unknown> }> = {
  autoScaling: probe(
    'autoscaling',
    new AutoScalingClient(),
    new DescribeAutoScalingGroupsCommand(),
  ),
  cloudFormation: probe('cloudformation', new CloudFormationClient(), new DescribeStacksCommand()),
  iam: probe('iam', new IAMClient(), new ListRolesCommand()),
  rds: probe('rds', new RDSClient(), new DescribeDBInstancesCommand()),
  s3: probe('s3', new S3Client({ forcePathStyle: true }), new ListBucketsCommand()),
  ssm: probe('ssm', new SSMClient(), new ListCommandsCommand()),
};

function probe(
  service: string,
  client: { send: (command: never) => Promise<unknown>; destroy: () => void },
  command: object,
) {
  const method = command.constructor.name.replace(/Command$/, '');
  const action = service === 's3' ? 's3:GET' : `${service}:${method}`;
  return { action, send: () => client.send(command as never) };
}

const answers = Object.entries(PROBES).flatMap(([name, { action, send }]) =>
  listModelledErrors(CLIENTS[name as keyof typeof CLIENTS])
    .filter(({ className }) => listComparedNames().includes(withoutSuffix(className)))
    .map(({ code, className }) => ({ action, send, code, className })),
);

test('a compared name is that of the error which the SDK throws for AWS’s code', async () => {
  expect(answers.map(({ code }) => code)).toContain('ChangeSetNotFound');
  const aws = await startAwsStub();
  onTestFinished(() => aws.clearFaults());
  for (const { action, send, code, className } of answers) {
    aws.fail(action, code, { status: 400 });
    const error = await send().catch((reason: unknown) => reason);
    expect((error as Error).name, `${action} ${code}`).toBe(className);
    expect(isAwsError(error, withoutSuffix(className)), `${action} ${code}`).toBe(true);
    aws.clearFaults();
  }
});

test('the stubs answer with the codes of AWS, and not with the names of the SDK’s classes', () => {
  const codes = new Set(modelled.map(({ code }) => code));
  const classNames = modelled.map(({ className }) => className).filter((name) => !codes.has(name));
  expect(classNames).toContain('ChangeSetNotFoundException');
  const tests = globSync('test/**/*.ts').filter((file) => !file.endsWith('error-names.test.ts'));
  const wrong = tests.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    return classNames
      .filter((name) => text.includes(`'${name}'`))
      .filter((name) => new RegExp(`(Refusal|fail|formatAwsError)\\([^;]*?'${name}'`).test(text))
      .map((name) => `${file}: ${name}`);
  });
  expect(wrong).toEqual([]);
});

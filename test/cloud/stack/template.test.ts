import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { listParameters, renderTemplate } from '../../../src/cloud/stack/template.ts';
import { requestStack } from '../emulated/moto-template.ts';
import { parseTemplate, type Template } from './parse-template.ts';

const script = readFileSync('userdata/minitwit.sh', 'utf8');
const rendered = await renderTemplate();
const template = parseTemplate(rendered);

/** As CloudFormation fills it in. */
const SETTINGS = {
  DB_HOST: 'minitwit.abc.us-east-1.rds.amazonaws.com',
  DB_USER: 'minitwit',
  DB_NAME: 'minitwit',
  DB_PASSWD_FROM: 'secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:A-b1',
  SESSION_SECRET_FROM: 'secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:C-d2',
  SERVER_NETWORKS: '10.0.0.0/8 172.16.0.0/12 192.168.0.0/16',
  LOG_GROUP: 'minitwit-ServerLog-1a2b',
};

test('the template has the same meaning in YAML 1.1, which CloudFormation reads', () => {
  expect(template).toEqual(parseTemplate(rendered, '1.2'));
});

test('the template is small enough for CloudFormation without a bucket', () => {
  expect(Buffer.byteLength(rendered)).toBeLessThan(51_200);
});

test('the user data of the instances is the script with its settings', () => {
  const filled = Object.entries(SETTINGS).reduce(
    (text, [name, value]) => text.replace(`\nexport ${name}=''`, `\nexport ${name}='${value}'`),
    script,
  );
  const userData = substitute(...userDataIn(template), SETTINGS);
  expect(userData).toBe(filled);
  expect(Buffer.byteLength(userData)).toBeLessThan(16 * 1024);
  expect(run('bash', '-n', userData)).toEqual({ status: 0, stderr: '', stdout: '' });
});

test('the script has every setting', () => {
  const problems = substitute(...userDataIn(template), SETTINGS).replace(
    /\nmain\n$/,
    '\nlist_problems\n',
  );
  expect(run('bash', '-s', problems).stdout).toBe(
    '  /opt/minitwit does not contain MiniTwit. Launch the instance from an image of userdata/image.sh.\n',
  );
});

test('the script has no ${} within another, which CloudFormation may misread', () => {
  expect(script.match(/\$\{[^}]*\$\{/g)).toBeNull();
});

test('listParameters returns the parameters with their defaults', () => {
  const parameters = listParameters(rendered);
  expect(parameters.map(({ name }) => name)).toEqual(Object.keys(template.Parameters));
  expect(parameters.filter(({ default: value }) => value === null).map(({ name }) => name)).toEqual(
    ['ImageId', 'InstanceTypes', 'VpcId', 'SubnetIds'],
  );
  expect(parameters).toContainEqual({ name: 'InstanceCount', default: '2' });
  expect(parameters).toContainEqual({ name: 'CertificateArn', default: '' });
});

test('serves port 80 without a certificate, and redirects it to https with one', () => {
  const CertificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/abc';
  const forward = [{ Type: 'forward', TargetGroupArn: { Ref: 'Targets' } }];
  const plain = resourcesWith({});
  expect(plain.HttpListener?.Properties.DefaultActions).toEqual(forward);
  expect(plain.HttpsListener).toBeUndefined();
  const secure = resourcesWith({ CertificateArn });
  expect(secure.HttpListener?.Properties.DefaultActions).toMatchObject([{ Type: 'redirect' }]);
  expect(secure.HttpsListener?.Properties).toMatchObject({ Port: 443, DefaultActions: forward });
});

test('each listener that exists has a rule of its own', () => {
  const CertificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/abc';
  const rulesWith = (parameters: Record<string, string>) =>
    Object.values(resourcesWith(parameters))
      .filter(({ Type }) => Type === 'AWS::ElasticLoadBalancingV2::ListenerRule')
      .map(({ Properties }) => Properties.ListenerArn);
  expect(rulesWith({})).toEqual([{ Ref: 'HttpListener' }]);
  expect(rulesWith({ CertificateArn })).toEqual([
    { Ref: 'HttpListener' },
    { Ref: 'HttpsListener' },
  ]);
});

test('the instances may read the master’s password during set-up, and only then', () => {
  expect(resourcesWith({}).SetUpPolicy).toBeDefined();
  expect(resourcesWith({ SetUp: 'no' }).SetUpPolicy).toBeUndefined();
});

/** Returns the text of the instances' user data, and its variables. */
function userDataIn({ Resources }: Template): [text: string, settings: Record<string, unknown>] {
  const data = Resources.LaunchTemplate?.Properties.LaunchTemplateData as {
    UserData: { 'Fn::Base64': { 'Fn::Sub': [string, Record<string, unknown>] } };
  };
  return data.UserData['Fn::Base64']['Fn::Sub'];
}

/** Substitutes variables as Fn::Sub does: `${!…}` becomes `${…}`. Fails for an unknown variable. */
function substitute(
  text: string,
  names: Record<string, unknown>,
  values: Record<string, string>,
): string {
  expect(Object.keys(values)).toEqual(Object.keys(names));
  return text.replaceAll(/\$\{(!?)([^}]*)\}/g, (_, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    const value = values[name];
    if (value === undefined) throw new Error(`${name} is not known`);
    return value;
  });
}

function resourcesWith(parameters: Record<string, string>) {
  return requestStack(template, parameters, []).resources;
}

function run(command: string, option: string, input: string) {
  const { status, stdout, stderr } = spawnSync(command, [option], { input, encoding: 'utf8' });
  return { status, stdout, stderr };
}

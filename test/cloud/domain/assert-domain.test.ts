import { expect, test } from 'vitest';
import { assertDomain } from '../../../src/cloud/domain/assert-domain.ts';
import type { ParameterValues } from '../../../src/cloud/stack/parameters.ts';
import { errorMessage } from '../../../src/errors/error-message.ts';
import { startAwsStub } from '../../support/aws-stub.ts';
import { openTestCloud } from '../test-cloud.ts';

const XML = { 'content-type': 'text/xml' };
const SET = { Domain: 'blog.example.com', HostedZoneId: 'Z1' };
const CERTIFICATE = 'arn:aws:acm:us-east-1:123456789012:certificate/abc';
const OF_ZONE = ['ns-1.awsdns-1.com', 'ns-2.awsdns-2.org'];

interface Zone {
  name?: string;
  isPrivate?: boolean;
  /** The records, as name and type. */
  records?: [name: string, type: string][];
  /** The name servers that DNS knows, or the error of DNS. */
  found?: string[] | Error;
}

/** Opens an account with the hosted zone Z1, and returns a function that runs the check. */
async function createZone({
  name = 'example.com',
  isPrivate = false,
  records = [],
  found = ['NS-2.awsdns-2.org', 'ns-9.awsdns-9.net'],
}: Zone = {}) {
  const aws = await startAwsStub();
  const delegation = isPrivate
    ? ''
    : `<DelegationSet><NameServers>${OF_ZONE.map((it) => `<NameServer>${it}</NameServer>`).join('')}</NameServers></DelegationSet>`;
  aws.stub('route53:GetHostedZone', ({ path }) =>
    path.endsWith('/Z1')
      ? {
          status: 200,
          headers: XML,
          body:
            `<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id><Name>${name}.</Name><CallerReference>1</CallerReference>` +
            `<Config><PrivateZone>${isPrivate}</PrivateZone></Config></HostedZone>${delegation}</GetHostedZoneResponse>`,
        }
      : {
          status: 404,
          headers: XML,
          body: '<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code><Message>No hosted zone found with ID: Z2</Message></Error></ErrorResponse>',
        },
  );
  const sets = records.map(
    ([record, type]) =>
      `<ResourceRecordSet><Name>${record}.</Name><Type>${type}</Type></ResourceRecordSet>`,
  );
  aws.stub('route53:ListResourceRecordSets', () => ({
    status: 200,
    headers: XML,
    body:
      `<ListResourceRecordSetsResponse><ResourceRecordSets>${sets.join('')}</ResourceRecordSets>` +
      '<IsTruncated>false</IsTruncated><MaxItems>300</MaxItems></ListResourceRecordSetsResponse>',
  }));
  const { open, lines } = openTestCloud();
  const resolveNs = async () => (found instanceof Error ? Promise.reject(found) : found);
  const check = (values: ParameterValues, stackValues?: ParameterValues) =>
    assertDomain({ ...open(), resolveNs }, stackOf(stackValues), values).then(
      () => 'accepted',
      errorMessage,
    );
  return { aws, check, lines };
}

function stackOf(parameters?: ParameterValues) {
  if (!parameters) return null;
  const stack = { id: 'arn', name: 'minitwit', status: 'CREATE_COMPLETE', reason: null };
  return { ...stack, parameters, outputs: {}, tags: {}, isProtected: true };
}

test('a domain in a public zone that is in use is accepted, and the duration of the validation is printed', async () => {
  const { check, lines } = await createZone();
  expect(await check(SET)).toBe('accepted');
  expect(lines).toEqual([expect.stringMatching(/^AWS validates the certificate of blog\.example/)]);
  expect(await check({ ...SET, Domain: 'example.com' })).toBe('accepted');
  expect(await check({ ...SET, CertificateArn: CERTIFICATE })).toBe('accepted');
  expect(lines).toEqual([]);
});

test('a domain without a zone needs a certificate, and no request', async () => {
  const { aws, check } = await createZone();
  expect(await check({})).toBe('accepted');
  expect(await check({ Domain: 'blog.example.com', CertificateArn: CERTIFICATE })).toBe('accepted');
  expect(await check({ Domain: 'blog.example.com' })).toMatch(/^Domain needs --set HostedZoneId=/);
  expect(await check({ HostedZoneId: 'Z1' })).toMatch(/^HostedZoneId needs a domain: --set Domain/);
  expect(aws.actions).toEqual([]);
});

test('a later `up` without a change of the domain sends no request', async () => {
  const { aws, check, lines } = await createZone();
  expect(await check({ ...SET, InstanceCount: '3' }, { ...SET, InstanceCount: '2' })).toBe(
    'accepted',
  );
  expect(aws.actions).toEqual([]);
  expect(lines).toEqual([]);
});

test.each([
  ['https://Blog.example.com/', 'Set Domain=blog.example.com.'],
  ['blog.example.com.', 'Set Domain=blog.example.com.'],
  ['bücher.example', 'Set Domain=xn--bcher-kva.example.'],
  ['localhost', 'It must be a name such as minitwit.example.com'],
  ['*.example.com', 'It must be a name such as minitwit.example.com'],
  ['blog_1.example.com', 'It must be a name such as minitwit.example.com'],
  [`${'a'.repeat(60)}.example.com`, 'of at most 64 characters'],
])('the domain %s is refused before any request', async (Domain, hint) => {
  const { aws, check } = await createZone();
  const message = await check({ ...SET, Domain });
  expect(message).toContain(`Domain cannot be ${JSON.stringify(Domain)}.`);
  expect(message).toContain(hint);
  expect(aws.actions).toEqual([]);
});

test.each<[title: string, zone: Zone, values: ParameterValues, message: string]>([
  ['an unknown zone', {}, { ...SET, HostedZoneId: 'Z2' }, 'There is no hosted zone Z2'],
  ['a private zone', { isPrivate: true }, SET, 'The hosted zone Z1 is private.'],
  ['a zone of another domain', { name: 'example.org' }, SET, 'is that of example.org, not of blog'],
  ['a zone of a similar domain', { name: 'g.example.com' }, SET, 'is that of g.example.com, not'],
  [
    'a zone that the domain does not use',
    { found: ['ns1.registrar.net'] },
    SET,
    'The name servers of example.com are ns1.registrar.net, so its hosted zone is not in use. Set those of the zone at the registrar (ns-1.awsdns-1.com, ns-2.awsdns-2.org)',
  ],
  [
    'a name that already has a record',
    {
      records: [
        ['blog.example.com', 'CNAME'],
        ['blog.example.com', 'TXT'],
      ],
    },
    SET,
    'already has records of blog.example.com (CNAME). Delete them',
  ],
])('%s is refused before anything is created', async (_, zone, values, message) => {
  const { check } = await createZone(zone);
  expect(await check(values)).toContain(message);
});

test('records of the next name and of other types do not prevent the domain', async () => {
  const records: Zone['records'] = [
    ['blog.example.com', 'TXT'],
    ['www.example.com', 'A'],
  ];
  const { check } = await createZone({ records });
  expect(await check(SET)).toBe('accepted');
});

test('if DNS does not answer, the name servers of the zone are printed', async () => {
  const { check, lines } = await createZone({ found: new Error('queryNs ESERVFAIL example.com') });
  expect(await check(SET)).toBe('accepted');
  expect(lines[0]).toMatch(
    /^The name servers of example\.com could not be found \(queryNs ESERVFAIL .*ns-1\.awsdns-1\.com, ns-2\.awsdns-2\.org\.$/,
  );
});

test('a refused request names the IAM policy', async () => {
  const { aws, check } = await createZone();
  aws.fail('route53:GetHostedZone', 'AccessDenied');
  expect(await check(SET)).toMatch(/^Cannot read the hosted zone Z1: AWS returned AccessDenied/);
});

import { expect, test } from 'vitest';
import { explainUnreachable, formatInsecure } from '../../../src/cloud/domain/advice.ts';
import { openTestCloud } from '../test-cloud.ts';

const BALANCER = 'minitwit-1.us-east-1.elb.amazonaws.com';
const SITE = { address: 'https://blog.example.com', balancer: BALANCER };

/** Returns the advice for a site whose name answers with a status, or with an error. */
function advise(answer: number | Error, parameters: Record<string, string>, site = SITE) {
  const fetchHttpStatus = async () => (answer instanceof Error ? Promise.reject(answer) : answer);
  return explainUnreachable({ ...openTestCloud().cloud, fetchHttpStatus }, site, parameters);
}

test('a site that is reachable by its domain needs no advice', async () => {
  expect(await advise(200, { HostedZoneId: 'Z1' })).toEqual([]);
  const site = { ...SITE, address: `http://${BALANCER}` };
  expect(await advise(new Error('not requested'), {}, site)).toEqual([]);
});

test('the advice names the DNS record to create, or that a new record takes minutes', async () => {
  const error = new Error('getaddrinfo ENOTFOUND blog.example.com');
  expect(await advise(error, { CertificateArn: 'arn' })).toEqual([
    'https://blog.example.com is not reachable by its name yet (getaddrinfo ENOTFOUND blog.example.com). Create this DNS ' +
      `record: blog.example.com CNAME ${BALANCER}`,
  ]);
  expect(await advise(404, { HostedZoneId: 'Z1' })).toEqual([
    'https://blog.example.com is not reachable by its name yet (status 404). A new DNS record is visible after some minutes.',
  ]);
});

test('a site without a certificate has a warning with the command that adds a domain', () => {
  expect(formatInsecure({ stackName: 'twit' }, `http://${BALANCER}`)).toEqual([
    'Passwords are sent without encryption, because the stack has no certificate. To use https: npm run cloud -- up ' +
      '--set Domain=minitwit.example.com --set HostedZoneId=Z… --stack twit',
  ]);
  expect(formatInsecure({ stackName: 'twit' }, SITE.address)).toEqual([]);
});

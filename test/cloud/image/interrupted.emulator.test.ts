import { expect, onTestFinished, test, vi } from 'vitest';
import { formatAwsError } from '../../support/aws-request.ts';
import { type RequestHandler, createBuildFixture } from './fixture.ts';

test('an interrupted `cloud image` leaves nothing except a completed image', async () => {
  const fixture = await createBuildFixture();
  const before = await fixture.list();
  const stop: RequestHandler = async (_, pass) => {
    const response = await pass();
    fixture.stop();
    return response;
  };
  // During the installation, and as the image is tagged as complete.
  for (const request of ['ssm:GetCommandInvocation', 'ec2:CreateTags']) {
    expect(await fixture.build({ [request]: stop }), request).toBe('Stopped by SIGINT.');
    expect(await fixture.list(), request).toEqual(before);
  }
  expect(await fixture.build({ 'ec2:TerminateInstances': stop })).toBe('done');
  const created = (await fixture.list()).filter((it) => !before.includes(it));
  expect(created).toEqual([expect.stringMatching(/^ami-/), expect.stringMatching(/^snap-/)]);
});

test('`cloud image` removes everything that AWS lets it remove, and the rest when it is run again', async () => {
  const fixture = await createBuildFixture();
  const before = await fixture.list();
  const refuse: RequestHandler = (request) => formatAwsError(request, 403, 'AccessDenied');
  // One removal of each step.
  const requests = [
    'ec2:TerminateInstances',
    'ec2:DeleteSecurityGroup',
    's3:DELETE',
    'iam:DeleteRole',
  ];
  const message = await fixture.build(
    Object.fromEntries(requests.map((request) => [request, refuse])),
  );
  expect(message).toMatch(/^Not everything could be undone:/);
  expect(message.match(/Cannot .*AccessDenied/g), message).toHaveLength(requests.length);
  expect(
    message.match(/^ {2}the .* To remove it, run npm run cloud -- image /gm),
    message,
  ).toHaveLength(requests.length);
  expect(fixture.lines.join('\n')).toContain('The image ami-');

  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 3_600_000 });
  expect(await fixture.build()).toBe('done');
  const ours = (await fixture.list()).filter((it) => !before.includes(it));
  expect(ours.map((it) => it.split('-')[0])).toEqual(['ami', 'ami', 'snap', 'snap']);
});

import express from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { expect, test } from 'vitest';
import { type LogsOptions, printLogs } from '../../../src/cloud/commands/logs.ts';
import { addHeadersToAllResponses } from '../../../src/web/middleware/security-headers.ts';
import { logRequests } from '../../support/log-requests.ts';
import { createSiteStack } from '../stack/site-stack.ts';
import { openStubStack } from '../stack/stub-stack.ts';
import { type StubEvent, stubLog } from './stub-log.ts';

const SINCE = new Date('2026-11-29T08:00:00Z');

function requestLine(id: string, path: string, more: object = {}) {
  const req = { id, method: 'GET', path, address: '192.0.2.1' };
  return { level: 30, time: 1, pid: 1, req, res: { statusCode: 200 }, responseTime: 12, ...more };
}

const EVENTS: StubEvent[] = [
  { id: '1', instanceId: 'i-1', time: '2026-11-29T08:00:01Z', line: 'Started minitwit.service.' },
  {
    id: '2',
    instanceId: 'i-1',
    time: '2026-11-29T08:00:02.5Z',
    line: { ...requestLine('1-aa', '/public'), msg: 'request completed' },
  },
  {
    id: '3',
    instanceId: 'i-2',
    time: '2026-11-29T08:00:03Z',
    line: requestLine('1-bb', '/', {
      level: 50,
      msg: 'request errored',
      res: { statusCode: 500 },
      err: { type: 'Error', message: 'It broke', stack: 'Error: It broke\n  at web.ts:1' },
    }),
  },
  {
    id: '4',
    instanceId: 'i-2',
    time: '2026-11-29T08:00:04Z',
    line: { level: 30, msg: 'MiniTwit is shutting down.' },
  },
];

async function openLog(events = EVENTS, options: Partial<LogsOptions> = {}) {
  const stubStack = await openStubStack();
  await createSiteStack(stubStack);
  const log = stubLog(stubStack.aws, events);
  const cloud = stubStack.open();
  const print = () =>
    printLogs(cloud, { since: SINCE, requestId: null, isFollowing: false, ...options });
  return { ...stubStack, log, print };
}

test('`cloud logs` prints time, instance, level, message and request of each line, oldest first', async () => {
  const { print, lines, log } = await openLog();
  await print();
  expect(lines).toEqual([
    '2026-11-29T08:00:01.000Z i-1 Started minitwit.service.',
    '2026-11-29T08:00:02.500Z i-1 info request completed: GET /public, status 200, 12 ms 1-aa',
    '2026-11-29T08:00:03.000Z i-2 error request errored: GET /, status 500, 12 ms, It broke 1-bb',
    '2026-11-29T08:00:04.000Z i-2 info MiniTwit is shutting down.',
  ]);
  expect(log.groups).toEqual(new Set(['server-log-1']));
});

test('`cloud logs` prints only lines from the given time on, and explains an empty log', async () => {
  const late = await openLog(EVENTS, { since: new Date('2026-11-29T08:00:04Z') });
  await late.print();
  expect(late.lines).toEqual(['2026-11-29T08:00:04.000Z i-2 info MiniTwit is shutting down.']);
  const empty = await openLog([]);
  await empty.print();
  expect(empty.lines).toEqual([
    'There are no such lines since 2026-11-29 08:00 UTC. Set an earlier time with --since. An image without the ' +
      'CloudWatch agent does not send its log: run npm run cloud -- image, then npm run cloud -- roll.',
  ]);
});

test('`cloud logs --request` prints exactly the lines of a request, with the stack of its error', async () => {
  const other = requestLine('1-cc', '/user/1-bb', { msg: 'request completed' });
  const longer = requestLine('1-bbb', '/', { msg: 'request completed' });
  const time = '2026-11-29T08:00:05Z';
  const { print, lines } = await openLog(
    [
      ...EVENTS,
      { id: '5', instanceId: 'i-1', time, line: other },
      { id: '6', instanceId: 'i-1', time, line: longer },
    ],
    { requestId: '1-bb' },
  );
  await print();
  expect(lines).toEqual([
    '2026-11-29T08:00:03.000Z i-2 error request errored: GET /, status 500, 12 ms, It broke 1-bb',
    '    Error: It broke',
    '      at web.ts:1',
  ]);
});

test('`cloud logs --follow` prints each line once, also a line that arrives after newer ones, until Ctrl-C', async () => {
  const late = { id: '5', instanceId: 'i-3', time: '2026-11-29T08:00:02Z', line: 'late' };
  const next = { id: '6', instanceId: 'i-3', time: '2026-11-29T08:05:00Z', line: 'next' };
  const { print, lines, log, aws, stop } = await openLog(
    [...EVENTS, { ...late, arrivesAtPoll: 3 }, { ...next, arrivesAtPoll: 5 }],
    { isFollowing: true },
  );
  aws.onRequest = () => log.polls === 8 && stop();
  await expect(print()).resolves.toBeUndefined();
  expect(lines).toHaveLength(6);
  expect(lines.slice(-2)).toEqual([
    '2026-11-29T08:00:02.000Z i-3 late',
    '2026-11-29T08:05:00.000Z i-3 next',
  ]);
});

test('`cloud logs --follow` continues without gap or repetition after AWS has failed for some time', async () => {
  const { print, lines, aws, log, stop } = await openLog(EVENTS, { isFollowing: true });
  // The third page of the first poll fails, with all attempts of the SDK.
  aws.fail('logs:FilterLogEvents', 'ServiceUnavailableException', {
    status: 503,
    after: 2,
    times: 6,
  });
  aws.onRequest = () => log.polls === 3 && stop();
  await print();
  const printed = lines.filter((line) => line.startsWith('2026'));
  expect(printed).toHaveLength(EVENTS.length);
  expect(lines.join('\n')).toContain('Cannot read the log: AWS returned ServiceUnavailable');
});

test('`cloud logs` removes what controls the terminal from a line', async () => {
  const path = '/\u001B[2J\u001B]0;title\u0007\u009Bx';
  const { print, lines } = await openLog([
    { ...EVENTS[1], line: requestLine('1-aa', path, { msg: 'a\nb' }) } as StubEvent,
  ]);
  await print();
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toMatch(/\p{Cc}/u);
  expect(lines[0]).toContain('a b: GET /');
});

test('`cloud logs` of a stack without a log asks for `up`', async () => {
  const stubStack = await openStubStack();
  await createSiteStack(stubStack, { ServerLog: undefined });
  const options = { since: SINCE, requestId: null, isFollowing: false };
  await expect(printLogs(stubStack.open(), options)).rejects.toThrow(
    'The stack minitwit has no log group for the server. Run npm run cloud -- up to create it.',
  );
});

test('`cloud logs --request` finds the line that the server logs for an error page', async () => {
  const written: string[] = [];
  const app = express();
  addHeadersToAllResponses(app, []);
  app.use(logRequests(pino({}, { write: (line) => void written.push(line) })), (_req, res) => {
    res.err = new Error('It broke');
    res.status(500).end();
  });
  const { headers } = await request(app).get('/public?secret=1');
  const requestId = headers['x-request-id'] ?? '';
  const time = '2026-11-29T08:00:05Z';
  const events = written.map((line, index) => ({
    id: String(index),
    instanceId: 'i-1',
    time,
    line: line.trim(),
  }));
  const { print, lines } = await openLog(events, { requestId });
  await print();
  expect(lines[0]).toMatch(
    /^2026-11-29T08:00:05\.000Z i-1 error request errored: GET \/public, status 500, \d+ ms, It broke /,
  );
  expect(lines[0]).toContain(requestId);
  expect(lines[1]).toBe('    Error: It broke');
});

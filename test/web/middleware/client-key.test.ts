import type { IncomingMessage } from 'node:http';
import request from 'supertest';
import { expect, test } from 'vitest';
import { clientKey, findClientAddress, socketKey } from '../../../src/web/middleware/client-key.ts';
import { captureLog } from '../../support/capture-log.ts';
import { useMiniTwit } from '../../support/minitwit.ts';

const PEER = '198.51.100.1';

/** Returns the client address of a request that a proxy has forwarded. */
function addressOf(entry: string | undefined, remoteAddress: string | undefined = PEER): string {
  const headers = { 'x-forwarded-for': entry };
  const req = { headers, socket: { remoteAddress } } as unknown as IncomingMessage;
  return findClientAddress(req, 1);
}

test.each([
  ['192.0.2.7', '192.0.2.7', '192.0.2.7'],
  ['203.0.113.8:40001', '203.0.113.8', '203.0.113.8'],
  ['::ffff:192.0.2.7', '192.0.2.7', '192.0.2.7'],
  ['::FFFF:192.0.2.7', '192.0.2.7', '192.0.2.7'],
  ['0:0:0:0:0:ffff:c000:207', '192.0.2.7', '192.0.2.7'],
  ['[::ffff:192.0.2.7]:40001', '192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0DB8:0001:0002::', '2001:0db8:0001:0002::', '2001:db8:1:2'],
  ['[2001:db8::1]:40001', '2001:db8::1', '2001:db8:0:0'],
  ['[2001:db8::1]', '2001:db8::1', '2001:db8:0:0'],
  ['2001:db8::1', '2001:db8::1', '2001:db8:0:0'],
  ['2001:db8:ffff::1', '2001:db8:ffff::1', '2001:db8:ffff:0'],
  ['64:ff9b::192.0.2.7', '64:ff9b::192.0.2.7', '64:ff9b:0:0'],
  ['::1', '::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80::1', 'fe80:0:0:0'],
])('parses %s as the address %s with the key %s', (ip, full, counted) => {
  expect(addressOf(ip)).toBe(full);
  expect(clientKey({ clientAddress: addressOf(ip) })).toBe(counted);
  expect(socketKey({ remoteAddress: ip })).toBe(counted);
});

test.each([
  '',
  'unknown',
  '_hidden',
  '192.0.2.7:port',
  '192.0.2.7:4000 1',
  '192.0.2.300',
  '[192.0.2.7',
  '2001:db8::1::2',
  '[2001:db8::1]40001',
  `${'0'.repeat(15_000)}:${'1'.repeat(15_000)}`,
  `2001:db8::1%${'x'.repeat(15_000)}`,
  undefined,
])('returns the address of the connection if the entry is not an address: %s', (ip) => {
  expect(addressOf(ip)).toBe(PEER);
  expect(addressOf(ip, '::ffff:198.51.100.2')).toBe('198.51.100.2');
});

test('returns an empty string if the connection is closed', () => {
  const closed = { headers: {}, socket: {} } as IncomingMessage;
  expect(findClientAddress(closed, 0)).toBe('');
  expect(findClientAddress(closed, 1)).toBe('');
  expect(clientKey({ clientAddress: '' })).toBe('');
});

test.each([
  [0, '198.51.100.1'],
  [1, '192.0.2.3'],
  [2, '192.0.2.2'],
  [3, '192.0.2.1'],
  [4, '192.0.2.1'],
])('behind %i proxies, the address is %s', (trustProxy, address) => {
  const headers = { 'x-forwarded-for': '192.0.2.1, 192.0.2.2,192.0.2.3' };
  const socket = { remoteAddress: PEER };
  expect(findClientAddress({ headers, socket } as unknown as IncomingMessage, trustProxy)).toBe(
    address,
  );
});

const { withSettings } = useMiniTwit();

test.each([
  ['203.0.113.8:40001', '203.0.113.8'],
  ['10.0.0.1, [2001:db8::1]:40001', '2001:db8::1'],
  ['not an address', '127.0.0.1'],
  ['x'.repeat(5000), '127.0.0.1'],
])(
  'a trusted proxy with X-Forwarded-For: %s causes the logged address %s',
  async (header, address) => {
    const { logger, lines } = captureLog();
    const app = withSettings({ trustProxy: 1 }, logger);
    await request(app).get('/nobody').set('X-Forwarded-For', header);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ req: { address } });
  },
);

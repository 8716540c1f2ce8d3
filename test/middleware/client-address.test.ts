import type { Request } from 'express';
import { expect, test } from 'vitest';
import { clientAddress } from '../../src/middleware/client-address.ts';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0DB8:0001:0002::', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['', ''],
  ['forged, or no address', 'forged, or no address'],
])('%s stands for %s', (ip, address) => {
  expect(clientAddress({ ip } as Request)).toBe(address);
});

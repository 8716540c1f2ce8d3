import { isIPv6 } from 'node:net';
import type { Request } from 'express';

const GROUPS = 8;

/**
 * Whom an address of a request stands for: an IPv4 address, or the first half of an IPv6 address, since
 * whoever has one has the whole network behind it. `TRUST_PROXY` decides whose address it is.
 */
export function clientAddress(req: Request): string {
  const ip = req.ip ?? '';
  const v4 = /^::ffff:([\d.]+)$/i.exec(ip)?.[1];
  if (v4 !== undefined || !isIPv6(ip)) return v4 ?? ip;
  const [left = [], right = []] = ip
    .replace(/%.*$/, '')
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: GROUPS - left.length - right.length }, () => '0');
  const groups = [...left, ...zeros, ...right].slice(0, GROUPS / 2);
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}

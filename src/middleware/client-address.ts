import { isIPv4, isIPv6 } from 'node:net';
import type { Request } from 'express';

// The longest IPv6 address has 45 characters; brackets, a zone and a port come to it.
const MAX_LENGTH = 80;
const GROUPS_OF_NETWORK = 4;
const GROUPS = 8;

/**
 * Returns the key under which a client is counted: its IPv4 address, or the /64 network of its IPv6 address,
 * since whoever has one address of a network can use all of them. Never throws; empty once the connection is
 * closed.
 */
export function clientAddress(req: Request): string {
  const address = fullClientAddress(req);
  return address.includes(':') ? networkOf(address) : address;
}

/**
 * Returns the whole IP address of a client, for the log: the entry of `X-Forwarded-For` that the outermost of
 * `TRUST_PROXY` proxies wrote, without its port. If that entry is no address, it is the address of the
 * connection. IPv4 in IPv6 becomes IPv4. Never throws; empty once the connection is closed.
 */
export function fullClientAddress(req: Request): string {
  return parseAddress(req.ip) ?? parseAddress(req.socket.remoteAddress) ?? '';
}

/**
 * Parses an address as proxies write it: `203.0.113.8`, `203.0.113.8:40001`, `2001:db8::1`,
 * `[2001:db8::1]:40001`. Returns null for anything else.
 */
function parseAddress(entry: string | undefined): string | null {
  if (entry === undefined || entry.length > MAX_LENGTH) return null;
  if (isIPv4(entry)) return entry;
  const [, bracketed, withPort] =
    /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(entry) ?? [];
  const address = bracketed ?? withPort ?? entry;
  if (isIPv4(address)) return address;
  return isIPv6(address) ? withoutMapping(address.toLowerCase().replace(/%.*$/, '')) : null;
}

/** Returns the IPv4 address that an IPv6 address stands for (`::ffff:192.0.2.7`), or the address itself. */
function withoutMapping(ipv6: string): string {
  // Every spelling of such an address contains this, and few others do.
  if (!ipv6.includes('ffff')) return ipv6;
  const groups = groupsOf(ipv6);
  if (groups.slice(0, 5).some((group) => group !== 0) || groups[5] !== 0xffff) return ipv6;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

function networkOf(ipv6: string): string {
  const groups = groupsOf(ipv6).slice(0, GROUPS_OF_NETWORK);
  return groups.map((group) => group.toString(16)).join(':');
}

/** Returns the eight groups of a valid IPv6 address. */
function groupsOf(ipv6: string): number[] {
  const [left = [], right = []] = ipv6
    .split('::')
    .map((half) => half.split(':').flatMap(parseGroup));
  const zeros = Array.from({ length: GROUPS - left.length - right.length }, () => 0);
  return [...left, ...zeros, ...right];
}

/** Parses one group, or the two that are written as an IPv4 address at the end. */
function parseGroup(group: string): number[] {
  if (group === '') return [];
  if (!group.includes('.')) return [Number.parseInt(group, 16)];
  const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}

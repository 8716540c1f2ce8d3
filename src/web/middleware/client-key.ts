import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6, type Socket } from 'node:net';

declare module 'node:http' {
  interface IncomingMessage {
    /** The result of `findClientAddress`, which is set before all other middleware. */
    clientAddress: string;
  }
}

// The longest IPv6 address has 45 characters. Brackets, a zone and a port make it longer.
const MAX_LENGTH = 80;
const NETWORK_GROUPS = 4;
const GROUPS = 8;
const MAPPED = '::ffff:';

/**
 * Returns the key of a client in the counters of limits: its IPv4 address, or the /64 network of its IPv6 address,
 * because a client can usually use every address of its network. Returns an empty string if the connection is
 * closed. Never throws.
 */
export function clientKey({ clientAddress }: Pick<IncomingMessage, 'clientAddress'>): string {
  return toKey(clientAddress);
}

/** Returns the client key of a connection's remote address. */
export function socketKey(socket: Pick<Socket, 'remoteAddress'>): string {
  return toKey(parseAddress(socket.remoteAddress) ?? '');
}

/**
 * Returns the full IP address of a client: the address that the outermost trusted proxy added to `X-Forwarded-For`,
 * without its port. Returns the address of the connection if that is not an address, and an empty string if the
 * connection is closed. An IPv4-mapped IPv6 address is returned as IPv4. Never throws.
 * @param trustProxy the number of proxies in front of this server
 */
export function findClientAddress(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  trustProxy: number,
): string {
  const forwarded = trustProxy > 0 ? headers['x-forwarded-for'] : undefined;
  const entry =
    typeof forwarded === 'string' ? nthLast(forwarded.split(','), trustProxy) : undefined;
  return parseAddress(entry?.trim()) ?? parseAddress(socket.remoteAddress) ?? '';
}

/** Returns the n-th last entry, and the first one if there are fewer. Each proxy appends the address of its client. */
function nthLast(entries: string[], n: number): string | undefined {
  return entries.at(-n) ?? entries[0];
}

/**
 * Parses an address, with or without a port, brackets or a zone: `203.0.113.8:40001`, `2001:db8::1`,
 * `[2001:db8::1]:40001`. Returns null for any other text.
 */
function parseAddress(entry: string | undefined): string | null {
  if (entry === undefined || entry.length > MAX_LENGTH) return null;
  if (isIPv4(entry)) return entry;
  const address = entry.startsWith('[') || entry.includes('.') ? withoutPort(entry) : entry;
  if (isIPv4(address)) return address;
  return isIPv6(address) ? withoutMapping(withoutZone(address.toLowerCase())) : null;
}

function withoutPort(entry: string): string {
  const [, bracketed, ipv4] = /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(entry) ?? [];
  return bracketed ?? ipv4 ?? entry;
}

/** Returns an address without its zone: `fe80::1` for `fe80::1%eth0`. */
function withoutZone(ipv6: string): string {
  const percent = ipv6.indexOf('%');
  return percent === -1 ? ipv6 : ipv6.slice(0, percent);
}

/** Returns the IPv4 address in an IPv4-mapped IPv6 address (`::ffff:192.0.2.7`), and any other address unchanged. */
function withoutMapping(ipv6: string): string {
  // Node writes this form if it listens for both IPv4 and IPv6.
  if (ipv6.startsWith(MAPPED) && isIPv4(ipv6.slice(MAPPED.length)))
    return ipv6.slice(MAPPED.length);
  // Every mapped address contains `ffff`. This check is cheaper than parsing all addresses.
  if (!ipv6.includes('ffff')) return ipv6;
  const groups = parseGroups(ipv6);
  if (groups.slice(0, 5).some((group) => group !== 0) || groups[5] !== 0xffff) return ipv6;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

function toKey(address: string): string {
  if (!address.includes(':')) return address;
  const groups = parseGroups(address).slice(0, NETWORK_GROUPS);
  return groups.map((group) => group.toString(16)).join(':');
}

/** Returns the eight numbers of a valid IPv6 address. */
function parseGroups(ipv6: string): number[] {
  const groups: number[] = [];
  let gap = -1;
  for (const group of ipv6.split(':')) {
    if (group.includes('.')) groups.push(...parseIPv4Groups(group));
    else if (group !== '') groups.push(Number.parseInt(group, 16));
    // `::` stands for all missing groups, which are zero. `split` returns two empty groups for it at the start or
    // the end of an address, so only the first one counts.
    else if (gap === -1) gap = groups.length;
  }
  if (gap !== -1) groups.splice(gap, 0, ...Array<number>(GROUPS - groups.length).fill(0));
  return groups;
}

function parseIPv4Groups(ipv4: string): [number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}

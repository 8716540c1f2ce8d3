import type { Table } from './tables.ts';

/** The keys from `from` to `last`, both included, of the first column of a table's key. */
export type Keys = { from: bigint; last: bigint };

/** All keys of an unsigned column of 64 bits. */
export const ALL_KEYS: Keys = { from: 0n, last: 2n ** 64n - 1n };

/** Returns the keys of a table's range with this number. */
export function keysOfRange({ rangeWidth }: Table, number: number): Keys {
  const from = BigInt(number) * BigInt(rangeWidth);
  return { from, last: from + BigInt(rangeWidth) - 1n };
}

/** Generates slices of `width` keys in ascending order. The last one may have fewer keys. */
export function* sliceKeys({ from, last }: Keys, width: number): Generator<Keys> {
  for (let start = from; start <= last; start += BigInt(width)) {
    const end = start + BigInt(width) - 1n;
    yield { from: start, last: end < last ? end : last };
  }
}

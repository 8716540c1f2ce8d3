import { formatSize } from '../../cli/format-size.ts';

// AWS's prices in most regions: https://aws.amazon.com/athena/pricing/. A query costs at least as much as 10 MB.
const DOLLARS_A_TB = 5;
const BILLED_MIN_BYTES = 10_000_000;

/** Returns the bytes that a query of Athena scanned, and their price: `2 GB, which cost about $0.01`. */
export function formatScanned(bytes: number): string {
  if (bytes === 0) return 'nothing, which costs nothing';
  const dollars = (Math.max(bytes, BILLED_MIN_BYTES) / 1e12) * DOLLARS_A_TB;
  const price = dollars < 0.01 ? 'less than $0.01' : `about $${dollars.toFixed(2)}`;
  return `${formatSize(bytes)}, which cost ${price}`;
}

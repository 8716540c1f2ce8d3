// AWS's prices in most regions: https://aws.amazon.com/athena/pricing/. A query costs at least as much as 10 MB.
const DOLLARS_A_TB = 5;
const BILLED_MIN_BYTES = 10_000_000;

/** Returns the bytes that a query of Athena scanned, and their price: `2.0 GB, which cost about $0.01`. */
export function formatScanned(bytes: number): string {
  if (bytes === 0) return 'nothing, which costs nothing';
  const dollars = (Math.max(bytes, BILLED_MIN_BYTES) / 1e12) * DOLLARS_A_TB;
  const price = dollars < 0.01 ? 'less than $0.01' : `about $${dollars.toFixed(2)}`;
  return `${formatSize(bytes)}, which cost ${price}`;
}

function formatSize(bytes: number): string {
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return bytes < 1e12 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e12).toFixed(1)} TB`;
}

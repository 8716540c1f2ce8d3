const integer = new Intl.NumberFormat('en');
const upToTwoDecimals = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const difference = new Intl.NumberFormat('en', { signDisplay: 'exceptZero' });

/** Formats a number: `1,234`, `3.14`. Null becomes `–`. */
export function formatNumber(value: number | null): string {
  return value === null ? '–' : upToTwoDecimals.format(value);
}

/** Formats a number for a small space: `1.2K`. */
export function formatShort(value: number): string {
  return compact.format(value);
}

/** Formats a share from 0 to 1 in per cent, with a non-breaking space: `12.5 %`. */
export function formatShare(share: number | null): string {
  return share === null ? '–' : `${Number((share * 100).toFixed(1))}\u00a0%`;
}

/** Formats a difference: `+12`, `-3`, `0`. */
export function formatDifference(value: number): string {
  return difference.format(value).replace('-', '\u2212');
}

/** Formats the integers from `from` to below `below`: `16–31`, `1`. With null, it is `280 and more`. */
export function formatRange(from: number, below: number | null): string {
  if (below === null) return `${integer.format(from)} and more`;
  const last = below - 1;
  return last === from ? integer.format(from) : `${integer.format(from)}–${integer.format(last)}`;
}

/** Formats a time in MiniTwit's format, in UTC: `2026-11-21 @ 22:36`. */
export function formatTime(iso: string): string {
  return `${iso.slice(0, 10)} @ ${iso.slice(11, 16)}`;
}

const dayFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
});
const monthFormat = new Intl.DateTimeFormat('en-GB', {
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
});

/** Formats a day (`2026-11-23`) for a small space: `23 Nov`. */
export function formatDay(day: string): string {
  return dayFormat.format(new Date(day));
}

/** Formats the month of a day for a small space: `Nov 2026`. */
export function formatMonth(day: string): string {
  return monthFormat.format(new Date(day));
}

const integer = new Intl.NumberFormat('en');
const upToTwoDecimals = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const difference = new Intl.NumberFormat('en', { signDisplay: 'exceptZero' });

/** A number for people: `1,234`, `3.14`; `–` for what there is none of. */
export function formatNumber(value: number | null): string {
  return value === null ? '–' : upToTwoDecimals.format(value);
}

/** A number where there is little room: `1.2K`. */
export function formatShort(value: number): string {
  return compact.format(value);
}

/** A share, from 0 to 1, in per cent: `12.5 %`. */
export function formatShare(share: number | null): string {
  // (the space does not break)
  return share === null ? '–' : `${Number((share * 100).toFixed(1))}\u00a0%`;
}

/** How much something has changed: `+12`, `-3`, `0`. */
export function formatDifference(value: number): string {
  return difference.format(value).replace('-', '\u2212');
}

/** The values from `from` to below `below`, which may be null for no end: `16–31`, `1`, `280 and more`. */
export function formatRange(from: number, below: number | null): string {
  if (below === null) return `${integer.format(from)} and more`;
  const last = below - 1;
  return last === from ? integer.format(from) : `${integer.format(from)}–${integer.format(last)}`;
}

/** A time as MiniTwit writes it, in UTC: `2026-11-21 @ 22:36`. */
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

/** A day (`2026-11-23`) where there is little room: `23 Nov`. */
export function formatDay(day: string): string {
  return dayFormat.format(new Date(day));
}

/** The month of a day where there is little room: `Nov 2026`. */
export function formatMonth(day: string): string {
  return monthFormat.format(new Date(day));
}

const integer = new Intl.NumberFormat('en');
const upToTwoDecimals = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const difference = new Intl.NumberFormat('en', { signDisplay: 'exceptZero' });
const growth = [
  { below: 0.05, format: growthFormat({ maximumSignificantDigits: 1 }) },
  { below: 100, format: growthFormat({ minimumFractionDigits: 1, maximumFractionDigits: 1 }) },
];
const wholeNumber = growthFormat({ maximumFractionDigits: 0 });

function growthFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return new Intl.NumberFormat('en', { signDisplay: 'exceptZero', ...options });
}

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

/** Formats a difference: `+12`, `−3`, `0`. */
export function formatDifference(value: number): string {
  return difference.format(value).replace('-', '\u2212');
}

/**
 * Formats the growth since an earlier value in per cent, with a non-breaking space: `+4.2 %`, `−0.03 %`, `+1,130 %`,
 * `0 %`. No growth but that of an equal value becomes 0.
 * @returns null if a value is missing, or if the earlier value is not above 0
 */
export function formatGrowth(value: number | null, earlier: number | null): string | null {
  if (value === null || earlier === null || !(earlier > 0)) return null;
  const percent = ((value - earlier) / earlier) * 100;
  const format = growth.find(({ below }) => Math.abs(percent) < below)?.format ?? wholeNumber;
  return `${format.format(percent).replace('-', '\u2212')}\u00a0%`;
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

const monthName = new Intl.DateTimeFormat('en-US', { month: 'short', timeZone: 'UTC' });

/** Formats a day (`2026-11-23`) or a time for a small space: `23 Nov 2026`. */
export function formatDay(day: string): string {
  return `${formatDayOfYear(day)} ${day.slice(0, 4)}`;
}

/** Formats a day beside another one: `23 Nov`, or `23 Nov 2025` if their years differ. */
export function formatDayBeside(day: string, other: string): string {
  return day.slice(0, 4) === other.slice(0, 4) ? formatDayOfYear(day) : formatDay(day);
}

/** Formats the month of a day for a small space: `Nov 2026`. */
export function formatMonth(day: string): string {
  return `${monthName.format(new Date(day))} ${day.slice(0, 4)}`;
}

function formatDayOfYear(day: string): string {
  return `${Number(day.slice(8, 10))} ${monthName.format(new Date(day))}`;
}

/**
 * Formats days in ascending order as the labels of a horizontal axis: about `shown` of them, evenly distributed. The
 * first label and the first one of each year have the year in a second line. The other labels are empty.
 */
export function formatDayAxis(days: string[], shown = 6): string[] {
  const step = Math.max(1, Math.ceil(days.length / shown));
  return days.map((day, at) => {
    if (at % step !== 0) return '';
    const label = formatDayOfYear(day);
    const year = day.slice(0, 4);
    return days[at - step]?.startsWith(year) ? label : `${label}\n${year}`;
  });
}

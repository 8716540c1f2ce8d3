const DAY_S = 86_400;
// With years from March to February, the leap day is the last one. These are the days before 1970 since March of year 0.
const DAYS_BEFORE_1970 = 719_468;
const DAYS_OF_400_YEARS = 146_097;
const YEAR_10_000_S = Date.UTC(10_000, 0) / 1000;

const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

/** Formats a time, in seconds since 1970, for `<time datetime>`: `2026-11-21T22:36:05Z`. */
export function formatIsoTime(seconds: number): string {
  if (!Number.isInteger(seconds) || seconds < 0 || seconds >= YEAR_10_000_S) {
    return new Date(seconds * 1000).toISOString().replace('.000', '');
  }
  const days = Math.floor(seconds / DAY_S);
  const second = seconds - days * DAY_S;
  const hours = TWO_DIGITS[Math.floor(second / 3600)];
  const minutes = TWO_DIGITS[Math.floor(second / 60) % 60];
  return `${formatDay(days)}T${hours}:${minutes}:${TWO_DIGITS[second % 60]}Z`;
}

/** Formats a result of `formatIsoTime` as MiniTwit does, in UTC: `2026-11-21 @ 22:36 UTC`. */
export function formatTime(iso: string): string {
  return `${iso.slice(0, 10)} @ ${iso.slice(11, 16)} UTC`;
}

/** Formats a day, in days since 1970: `2026-11-21`. `Date` takes five times as long. */
function formatDay(days: number): string {
  const sinceMarch0 = days + DAYS_BEFORE_1970;
  const period = Math.floor(sinceMarch0 / DAYS_OF_400_YEARS);
  const dayOfPeriod = sinceMarch0 - period * DAYS_OF_400_YEARS;
  const leapDays =
    Math.floor(dayOfPeriod / 1460) -
    Math.floor(dayOfPeriod / 36_524) +
    Math.floor(dayOfPeriod / (DAYS_OF_400_YEARS - 1));
  const yearOfPeriod = Math.floor((dayOfPeriod - leapDays) / 365);
  const daysBeforeYear =
    365 * yearOfPeriod + Math.floor(yearOfPeriod / 4) - Math.floor(yearOfPeriod / 100);
  const dayOfYear = dayOfPeriod - daysBeforeYear;
  // Five months from March, and again from August, have 153 days.
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = period * 400 + yearOfPeriod + (month <= 2 ? 1 : 0);
  return `${year}-${TWO_DIGITS[month]}-${TWO_DIGITS[dayOfMonth]}`;
}

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 };

/**
 * Returns the time that `2026-11-28T10:00Z`, or a duration before now such as `30m`, `2h` or `3d`, means. Returns null
 * for another text. A time without a zone is UTC.
 */
export function parseSince(text: string, now: Date): Date | null {
  const [, count, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return new Date(Number(now) - Number(count) * (UNIT_MS[unit] ?? 0));
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z?)?$/.test(text)) return null;
  const time = new Date(text.includes('T') && !text.endsWith('Z') ? `${text}Z` : text);
  return Number.isNaN(Number(time)) ? null : time;
}

/** Formats a time, in seconds since 1970, for `<time datetime>`: `2026-11-21T22:36:05Z`. */
export function formatIsoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}

/** Formats a result of `formatIsoTime` as MiniTwit does, in UTC: `2026-11-21 @ 22:36 UTC`. */
export function formatTime(iso: string): string {
  return `${iso.slice(0, 10)} @ ${iso.slice(11, 16)} UTC`;
}

/** Returns a function that prints each line after the time since this call: `02:15 The instance i-1: pending`. */
export function withElapsedTime(print: (line: string) => void): (line: string) => void {
  const startedAt = performance.now();
  return (line) => {
    const s = Math.floor((performance.now() - startedAt) / 1000);
    const hours = s >= 3600 ? `${Math.floor(s / 3600)}:` : '';
    print(`${hours}${twoDigits(Math.floor(s / 60) % 60)}:${twoDigits(s % 60)} ${line}`);
  };
}

/** Formats a time to the minute: `2026-11-23 08:40 UTC`. */
export function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** Formats the time since a date: `5 min`, `2 h 10 min`, and `3 days` from 48 hours. A future date is `0 min`. */
export function formatAge(time: Date): string {
  const minutes = Math.max(0, Math.floor((Date.now() - Number(time)) / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

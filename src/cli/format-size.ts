const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Formats a size with a decimal unit: `22.4 MB`. */
export function formatSize(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${Number((bytes / 1000 ** power).toFixed(1))} ${UNITS[power]}`;
}

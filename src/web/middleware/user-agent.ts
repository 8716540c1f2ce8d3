// A User-Agent header names many browsers and systems, so the first match counts: Edge also names Chrome and Safari.
const BROWSERS: [name: string, pattern: RegExp][] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS)\//],
  ['Safari', /\bVersion\/.*\bSafari\//],
];
const SYSTEMS: [name: string, pattern: RegExp][] = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows\b/],
  // Safari on an iPad sends the same header as on a Mac.
  ['Mac', /\bMacintosh\b/],
  ['Linux', /\bLinux\b/],
];
const READ_MAX_LENGTH = 500;

/**
 * Returns the browser and the operating system of a User-Agent header in words: `Firefox on Windows`. Returns one of
 * both if the other is unknown, and an empty string if both are.
 */
export function formatBrowser(userAgent = ''): string {
  const text = userAgent.slice(0, READ_MAX_LENGTH);
  const names = [BROWSERS, SYSTEMS].flatMap(
    (list) => list.find(([, pattern]) => pattern.test(text))?.[0] ?? [],
  );
  return names.join(' on ');
}

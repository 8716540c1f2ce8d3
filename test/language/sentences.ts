// Lower-case names that may begin a sentence. A word with a digit, a hyphen, a dot or a capital letter within it, such
// as mysql2, pino-http or openPool, counts as a name, too.
const NAMES = new Set(['npm', 'wrk', 'systemd', 'moto', 'ssh', 'apt', 'pino', 'podman', 'gzip']);

/** Returns the problem of a comment's text: no capital letter at its start, or no full stop at its end. Null without one. */
export function findSentenceProblem(text: string): string | null {
  const [first = ''] = text.split(/[\s,;:.)’']/, 1);
  if (/^[a-z]+$/.test(first) && !NAMES.has(first)) {
    return `The comment begins with “${first}”. Begin with a capital letter.`;
  }
  const lastLine = text.slice(text.lastIndexOf('\n') + 1);
  const isComplete = /[.?!:…][”")`*_]*$|^\s*[-|]|^$/.test(lastLine);
  return isComplete ? null : 'The comment lacks a full stop.';
}

// Lower-case names that may begin a sentence. A word with a digit, a hyphen, a dot or a capital letter within it, such
// as mysql2, express-session or openPool, counts as a name, too.
const NAMES = new Set(
  'apt axe dnf gzip moto mysqld npm nspawn pino podman ssh sshd systemd wrk zcat'.split(' '),
);

const OPENINGS = /^(?:who|whose|what|of|that|whatever)\b/i;

/** Returns the problem of the first words of a sentence or title, or null. */
export function findOpeningProblem(text: string): string | null {
  const [word] = OPENINGS.exec(text) ?? [];
  return word === undefined ? null : `The text begins with “${word}”. Begin with the subject.`;
}

/** Returns the problem of a comment's text, or null: its first word, no capital letter, or no full stop. */
export function findSentenceProblem(text: string): string | null {
  const problem = findOpeningProblem(text);
  if (problem !== null) return problem;
  const [first = ''] = text.split(/[\s,;:.)’']/, 1);
  if (/^[a-z]+$/.test(first) && !NAMES.has(first)) {
    return `The comment begins with “${first}”. Begin with a capital letter.`;
  }
  const lastLine = text.slice(text.lastIndexOf('\n') + 1);
  const isComplete = /[.?!:…][”")`*_]*$|^\s*[-|]|^$/.test(lastLine);
  return isComplete ? null : 'The comment lacks a full stop.';
}

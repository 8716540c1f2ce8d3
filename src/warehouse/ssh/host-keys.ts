import { createHash } from 'node:crypto';

// userdata/warehouse-run.sh prints such a line for each key.
const LINE = /\bminitwit-host-key ([\w-]+) ([\w+/]+=*) SHA256:([\w+/]{43})/g;

/**
 * Returns the ssh host keys that the instance printed on its console, such as `ssh-ed25519 AAAA…`, each once, and [] if
 * there is none. A line that output of the kernel has interrupted does not match its fingerprint, and is skipped.
 */
export function parseHostKeys(consoleOutput: string): string[] {
  const lines = Array.from(consoleOutput.matchAll(LINE), ([, type, key = '', fingerprint]) => ({
    name: `${type} ${key}`,
    isComplete: computeFingerprint(key) === fingerprint,
  }));
  return [...new Set(lines.filter(({ isComplete }) => isComplete).map(({ name }) => name))];
}

/** Returns the fingerprint of a key as ssh-keygen prints it, without `SHA256:`. */
function computeFingerprint(key: string): string {
  const hash = createHash('sha256').update(Buffer.from(key, 'base64'));
  return hash.digest('base64').replace(/=+$/, '');
}

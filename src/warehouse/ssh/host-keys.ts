const BLOCK = /-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----/gs;
const KEY = /\b(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [\w+/]+=*/g;

/**
 * Finds the keys that cloud-init prints on an instance's console, the newest if it did so more than once:
 * `ssh-ed25519 AAAA…`, and those of other algorithms. The kernel's words may stand before and between
 * them. Gives [] as long as they are not there.
 */
export function parseHostKeys(consoleOutput: string): string[] {
  const blocks = Array.from(consoleOutput.matchAll(BLOCK), ([, keys = '']) => keys);
  return blocks.at(-1)?.match(KEY) ?? [];
}

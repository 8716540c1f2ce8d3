const BLOCK = /-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----/gs;
const KEY = /\b(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [\w+/]+=*/g;

/**
 * Returns the ssh host keys that cloud-init printed on an instance's console, such as `ssh-ed25519 AAAA…`: the last
 * block if there are several, and [] if there is none. Output of the kernel between the keys is skipped.
 */
export function parseHostKeys(consoleOutput: string): string[] {
  const blocks = Array.from(consoleOutput.matchAll(BLOCK), ([, keys = '']) => keys);
  return blocks.at(-1)?.match(KEY) ?? [];
}

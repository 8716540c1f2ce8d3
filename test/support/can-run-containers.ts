import { readFileSync } from 'node:fs';

const CAP_SYS_ADMIN = 21n;

/**
 * Tells whether the image can be built and run here: it takes a Debian, which has the programs for it,
 * and a root who may mount, which root in an ordinary container may not.
 */
export function canRunContainers(): boolean {
  try {
    const [, capabilities] =
      /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    const mayMount = ((BigInt(`0x${capabilities}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
    const isDebian = /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
    return mayMount && isDebian && process.getuid?.() === 0;
  } catch {
    return false;
  }
}

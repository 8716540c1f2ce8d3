import { hash } from 'node:crypto';
import { Secret } from 'otpauth';

const CODES = 10;
// A code with 112 bits or more can be stored as a hash that is cheap to compute (ASVS 6.5.2).
const CODE_BYTES = 15;

/** Returns ten new recovery codes: 24 characters of Base32, in groups of four. */
export function createRecoveryCodes(): string[] {
  return Array.from({ length: CODES }, () =>
    new Secret({ size: CODE_BYTES }).base32.replaceAll(/.{4}(?=.)/g, '$&-'),
  );
}

/** Returns the hash of a recovery code, in which case, spaces and hyphens do not matter. */
export function hashRecoveryCode(code: string): string {
  return hash('sha256', code.toUpperCase().replaceAll(/[\s-]/g, ''), 'base64url');
}

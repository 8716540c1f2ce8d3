import { Secret, TOTP } from 'otpauth';

const SECRET_BYTES = 20;
const PERIOD_S = 30;
// The clocks of the app and of this server may differ by one step, and a user needs some seconds to type.
const DRIFT_STEPS = 1;
// The QR code of 64 Chinese letters would take more than 5 ms.
const LABEL_MAX_CODE_POINTS = 32;

/** Returns a new secret for an authenticator app, in Base32: 160 random bits in 32 characters. */
export function createTotpSecret(): string {
  return new Secret({ size: SECRET_BYTES }).base32;
}

/** Returns the URI that an authenticator app reads from a QR code. A long username is truncated. */
export function formatTotpUri(username: string, secret: string): string {
  const label = Array.from(username).slice(0, LABEL_MAX_CODE_POINTS).join('');
  return createTotp(secret, label).toString();
}

/**
 * Returns the time step of a code (RFC 6238), and null if the code is not that of the step at `nowMs`, of the one
 * before or of the one after it.
 */
export function findCodeStep(secret: string, code: string, nowMs: number): number | null {
  const totp = createTotp(secret);
  const delta = totp.validate({ token: code, window: DRIFT_STEPS, timestamp: nowMs });
  return delta === null ? null : totp.counter({ timestamp: nowMs }) + delta;
}

// Authenticator apps ignore other values of these parameters.
function createTotp(secret: string, label = ''): TOTP {
  const parameters = { algorithm: 'SHA1', digits: 6, period: PERIOD_S };
  return new TOTP({ issuer: 'MiniTwit', label, secret: Secret.fromBase32(secret), ...parameters });
}

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/**
 * Encrypts texts that only MiniTwit may read and write (AES-256-GCM). `context` is not in the sealed text, but a text
 * can be opened only with the context with which it was sealed, such as a user id.
 */
export interface Sealer {
  /** Returns ASCII text without spaces, 49 characters longer than the Base64 of `text`, or less. */
  seal(text: string, context: string): string;
  /** Returns null if the text was not sealed with this context and one of the secrets. */
  open(sealed: string, context: string): string | null;
  /** The beginning of all texts that were sealed with the first secret. */
  prefix: string;
}

/** Encrypts texts that are valid for a limited time. */
export type ExpiringSealer = Omit<Sealer, 'prefix'>;

interface Key {
  /** Identifies the key in the sealed text. It discloses nothing about the key. */
  id: string;
  key: Buffer;
}

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const ID_BYTES = 6;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Creates a sealer whose keys are derived from the session secrets. The first secret seals, and all of them open. A
 * text that was sealed for another purpose cannot be opened.
 */
export function createSealer(secrets: string[], purpose: string): Sealer {
  const keys = secrets.map((secret) => deriveKey(secret, purpose));
  const [current] = keys;
  if (!current) throw new Error('A sealer needs a secret.');
  const prefix = `${current.id}.`;
  return {
    prefix,

    seal(text, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, current.key, iv).setAAD(Buffer.from(context));
      const parts = [iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return prefix + Buffer.concat(parts).toString('base64url');
    },

    open(sealed, context) {
      const [, id, base64 = ''] = /^([\w-]{8})\.([\w-]+)$/.exec(sealed) ?? [];
      const found = keys.find((each) => each.id === id);
      return found ? decrypt(found.key, Buffer.from(base64, 'base64url'), context) : null;
    },
  };
}

/** Creates a sealer whose texts can be opened for `lifetimeS` seconds. */
export function createExpiringSealer(
  secrets: string[],
  purpose: string,
  lifetimeS: number,
): ExpiringSealer {
  const sealer = createSealer(secrets, purpose);
  return {
    seal: (text, context) => sealer.seal(`${nowS() + lifetimeS} ${text}`, context),
    open(sealed, context) {
      const opened = sealer.open(sealed, context);
      const [, expiresS, text = null] = /^(\d+) ([^]*)$/.exec(opened ?? '') ?? [];
      return Number(expiresS) > nowS() ? text : null;
    },
  };
}

function deriveKey(secret: string, purpose: string): Key {
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES + ID_BYTES));
  return {
    key: bytes.subarray(0, KEY_BYTES),
    id: bytes.subarray(KEY_BYTES).toString('base64url'),
  };
}

function decrypt(key: Buffer, bytes: Buffer, context: string): string | null {
  if (bytes.length < IV_BYTES + TAG_BYTES) return null;
  const options = { authTagLength: TAG_BYTES };
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), options)
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  const text = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}

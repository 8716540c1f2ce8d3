import { z } from 'zod';
import { currentPasswordForm } from './current-password.ts';
import { boundedField, isBlank, isLongerThan } from './form.ts';

const NAME_MAX_LENGTH = 64;
const NAME_MAX_UNITS = 2 * NAME_MAX_LENGTH;
// A credential with the longest id and an RSA key has about 4,000 characters.
const CREDENTIAL_MAX_UNITS = 16_000;

const nameField = boundedField(NAME_MAX_UNITS).transform((name) => name.trim());

/** The credential of a browser as JSON, which a script adds to a form. */
const credentialField = boundedField(CREDENTIAL_MAX_UNITS);

/** The fields of the form `Add a Passkey`. */
export const newPasskeyForm = currentPasswordForm.extend({ name: nameField });

/** The fields of the form that sends a created passkey. */
export const createdPasskeyForm = z.object({ name: nameField, credential: credentialField });

/** The field of a login with a passkey. */
export const passkeyLoginForm = z.object({ credential: credentialField });

/** Returns an error message for the name of a passkey, and null if it is valid. */
export function validatePasskeyName(name: string): string | null {
  if (isBlank(name)) return 'You have to enter a name';
  if (!isLongerThan(name, NAME_MAX_LENGTH)) return null;
  return `The name can have at most ${NAME_MAX_LENGTH} characters.`;
}

const base64Text = z.string().regex(/^[\w-]+$/);

const credentialParts = {
  id: base64Text.max(1364),
  rawId: base64Text,
  type: z.literal('public-key'),
};

const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'] as const;

/** A created passkey, as `PublicKeyCredential.toJSON()` returns it. Unknown transports are removed. */
const createdCredential = z.object({
  ...credentialParts,
  response: z.object({
    clientDataJSON: base64Text,
    attestationObject: base64Text,
    transports: z
      .array(z.string())
      .default([])
      .transform((names) => TRANSPORTS.filter((transport) => names.includes(transport))),
  }),
});

/** The proof of a login with a passkey, as `PublicKeyCredential.toJSON()` returns it. */
const usedCredential = z.object({
  ...credentialParts,
  response: z.object({
    clientDataJSON: base64Text,
    authenticatorData: base64Text,
    signature: base64Text,
  }),
});

/** A created passkey. */
export type CreatedCredential = z.infer<typeof createdCredential>;

/** The proof of a login with a passkey. */
export type UsedCredential = z.infer<typeof usedCredential>;

/** Parses a created passkey. Returns null for any other text. */
export function parseCreatedCredential(text: string): CreatedCredential | null {
  return parseJson(createdCredential, text);
}

/** Parses the proof of a login. Returns null for any other text. */
export function parseUsedCredential(text: string): UsedCredential | null {
  return parseJson(usedCredential, text);
}

function parseJson<T>(schema: z.ZodType<T>, text: string): T | null {
  if (text.length > CREDENTIAL_MAX_UNITS) return null;
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// A list of 49,233 passwords in lower case, the most common first, from Mark Burnett's ten million passwords.
const LIST = '@zxcvbn-ts/language-common/src/passwords.json';
const COMMON_PASSWORDS = 10_000;

const commonPasswords = readCommonPasswords();

/** Returns whether a password (in NFC) is one of the 10,000 most common ones, ignoring case. */
export function isCommonPassword(password: string): boolean {
  return commonPasswords.has(password.toLowerCase());
}

function readCommonPasswords(): ReadonlySet<string> {
  const path = createRequire(import.meta.url).resolve(LIST);
  // The file is not imported, because the module cache would retain the whole list.
  const list = JSON.parse(readFileSync(path, 'utf8')) as string[];
  return new Set(list.slice(0, COMMON_PASSWORDS));
}

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { OperatorError } from '../errors/operator-error.ts';

/** The environment variables of a program. */
export type Environment = Record<string, string | undefined>;

/** Parses a setting that has no default. */
export const required = z.string({ error: 'is not set' });

/** Returns a parser of an integer from `min` to `max`. */
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be an integer from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

/** Returns a parser of one of some words. */
export const oneOf = <const Words extends readonly string[]>(...words: Words) =>
  z.enum(words, { error: `must be one of: ${words.join(', ')}` });

/** Parses the path of a PEM file. The value is the PEM. */
export const pemFile = z.string().transform((path, context) => {
  try {
    const pem = readFileSync(path, 'utf8');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
    context.addIssue(`names ${path}, which has no PEM certificate`);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    context.addIssue(`names ${path}, which cannot be read (${reason})`);
  }
  return z.NEVER;
});

/**
 * Reads settings from the environment. An empty variable counts as unset, as in `DB_PORT= npm start`.
 * @throws OperatorError that lists all missing and invalid settings, and contains no secret
 */
export function readSettings<T>(schema: z.ZodType<T>, environment: Environment): T {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
  const result = schema.safeParse(set);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  throw new OperatorError(formatSettingsProblems(problems));
}

/** Returns the message that lists the problems of settings. Each begins with the name of its setting. */
export function formatSettingsProblems(problems: string[]): string {
  const lines = problems.map((problem) => `  ${problem}.`);
  return ['Settings are missing or invalid:', ...lines].join('\n');
}

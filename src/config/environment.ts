import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { OperatorError } from '../errors/operator-error.ts';

/** The environment variables that a program was started with. */
export type Environment = Record<string, string | undefined>;

/** A setting that must be there. */
export const required = z.string({ error: 'is not set' });

/** A whole number. */
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

/** One of some words. */
export const oneOf = <const Words extends readonly string[]>(...words: Words) =>
  z.enum(words, { error: `must be one of: ${words.join(', ')}` });

/** The path of a PEM file, as the PEM that stands in it. */
export const pemFile = z.string().transform((path, context) => {
  try {
    const pem = readFileSync(path, 'utf8');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
    context.addIssue(`names a file without a PEM certificate: ${path}`);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    context.addIssue(`names a file that cannot be read (${reason}): ${path}`);
  }
  return z.NEVER;
});

/**
 * Reads settings from the environment.
 * @throws OperatorError that names all bad and missing settings at once, and no secret's value
 */
export function readSettings<T>(schema: z.ZodType<T>, environment: Environment): T {
  // A variable that is set to nothing counts as not set, as in `DB_PORT= npm start`.
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
  const result = schema.safeParse(set);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `  ${path.join('.')} ${message}`);
  throw new OperatorError(`Settings that need attention:\n${problems.join('\n')}`);
}

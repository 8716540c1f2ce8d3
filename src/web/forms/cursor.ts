import { z } from 'zod';
import { AppError } from '../../errors/app-error.ts';
import type { Cursor } from '../../repositories/page.ts';

// A message id: a whole number from 1, small enough to be exact in JavaScript.
const messageId = z
  .string()
  .regex(/^[1-9]\d{0,14}$/)
  .transform(Number);

const timelineQuery = z
  .object({ before: messageId.optional(), after: messageId.optional() })
  .refine(({ before, after }) => before === undefined || after === undefined);

/**
 * Reads which page of a timeline a query string asks for: `?before=ID`, `?after=ID` or neither.
 * @throws AppError `invalid` for anything else
 */
export function readCursor(query: unknown): Cursor {
  const { data, success } = timelineQuery.safeParse(query);
  if (!success) throw new AppError('invalid', 'There is no such page of this timeline.');
  if (data.before !== undefined) return { before: data.before };
  if (data.after !== undefined) return { after: data.after };
  return null;
}

/** Reads a message id from a path; null when it cannot be one. */
export function readMessageId(typed: unknown): number | null {
  return messageId.safeParse(typed).data ?? null;
}

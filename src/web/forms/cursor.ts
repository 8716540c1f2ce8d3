import { z } from 'zod';
import { AppError } from '../../errors/app-error.ts';
import type { Cursor } from '../../repositories/page.ts';

// A message id is a whole number from 1. Numbers of more digits are not exact in JavaScript.
const messageId = z
  .string()
  .regex(/^[1-9]\d{0,14}$/)
  .transform(Number);

const timelineQuery = z
  .object({ before: messageId.optional(), after: messageId.optional() })
  .refine(({ before, after }) => before === undefined || after === undefined);

/**
 * Parses the query string of a timeline: `?before=ID`, `?after=ID` or neither.
 * @throws AppError `invalid` for any other value of these parameters
 */
export function parseCursor(query: unknown): Cursor {
  const { data, success } = timelineQuery.safeParse(query);
  if (!success) throw new AppError('invalid', 'There is no such page of this timeline.');
  if (data.before !== undefined) return { before: data.before };
  if (data.after !== undefined) return { after: data.after };
  return null;
}

/** Parses a message id from a path. Returns null if the text is no message id. */
export function parseMessageId(text: unknown): number | null {
  return messageId.safeParse(text).data ?? null;
}

import { z } from 'zod';
import { requiredField } from './form.ts';

/** The longest message, in characters as `messageLength` counts them. */
export const MESSAGE_MAX_LENGTH = 280;

// The longest emoji, a kiss of two people with skin tones, has ten code points.
const CODE_POINTS_PER_CHARACTER = 10;

const segmenter = new Intl.Segmenter();

/** The post box. Control characters, which show nothing, are left out of the text. */
export const messageForm = z.object({
  text: requiredField.transform((text) => text.replaceAll(/(?!\n|\t)\p{Control}/gu, '')),
});

/** The length of a text that is too long for a message, as `messageLength` counts it; null if it fits. */
export function findExcessLength(text: string): number | null {
  // no text has more characters than code units, and these need not be counted
  if (text.length <= MESSAGE_MAX_LENGTH) return null;
  const length = messageLength(text);
  return length > MESSAGE_MAX_LENGTH ? length : null;
}

/**
 * The length of a text in characters as people see them: an emoji with its skin tone is one. Whoever
 * piles more than ten code points on one another is counted as if each ten were a character, so that
 * 280 characters fit in the column.
 */
export function messageLength(text: string): number {
  const characters = Array.from(segmenter.segment(text)).length;
  const codePoints = Array.from(text).length;
  return Math.max(characters, Math.ceil(codePoints / CODE_POINTS_PER_CHARACTER));
}

import { z } from 'zod';
import { countCodePoints, isBlank, requiredField } from './form.ts';

/** The longest message, in graphemes, which users call characters. */
export const MESSAGE_MAX_LENGTH = 280;

/**
 * The longest message in Unicode code points, of which an emoji or a letter with accents has several. It bounds what a
 * message costs to store, to send and to show.
 */
export const MESSAGE_MAX_CODE_POINTS = 1000;

const segmenter = new Intl.Segmenter();

/** The form for a new message. Control characters, which are invisible, are removed from the text. */
export const messageForm = z.object({
  text: requiredField.transform((text) => text.replaceAll(/(?!\n|\t)\p{Control}/gu, '')),
});

// Percent-encoded, such a text fits into the body limit beside a username and a password.
const DRAFT_MAX_LENGTH = 2800;

/**
 * Parses the text of a message that is posted after its author has signed in. Returns null if there is none, or if
 * it has so many code units that a form with it could exceed the body limit.
 */
export function parseDraft(text: unknown): string | null {
  if (typeof text !== 'string' || text.length > DRAFT_MAX_LENGTH || isBlank(text)) return null;
  return text.replaceAll(/\r\n?/g, '\n');
}

/** Returns an error message if a message is too long, and null if it is not. */
export function validateMessageLength(text: string): string | null {
  // A text has at least as many code units as code points or graphemes, and counting those costs more.
  if (text.length <= MESSAGE_MAX_LENGTH) return null;
  // The code points come first, because to count the graphemes of 32 KB takes tens of milliseconds.
  const codePoints = countCodePoints(text);
  if (codePoints > MESSAGE_MAX_CODE_POINTS) {
    return `Your message has ${codePoints} code points. It can have at most ${MESSAGE_MAX_CODE_POINTS}. An emoji or a letter can have several code points.`;
  }
  const graphemes = countGraphemes(text);
  if (graphemes > MESSAGE_MAX_LENGTH) {
    return `Your message has ${graphemes} characters. It can have at most ${MESSAGE_MAX_LENGTH}.`;
  }
  return null;
}

/** Returns the number of graphemes in a text: an emoji with its skin tone is one. */
export function countGraphemes(text: string): number {
  return Array.from(segmenter.segment(text)).length;
}

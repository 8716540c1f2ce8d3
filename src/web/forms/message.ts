import { z } from 'zod';
import { countCodePoints, isBlank, requiredField } from './form.ts';

/** The longest message, in characters as `countCharacters` counts them. */
export const MESSAGE_MAX_LENGTH = 280;

/**
 * The longest message in Unicode code points, of which an emoji or a letter with accents has several. It bounds what a
 * message costs to store, to send and to show.
 */
export const MESSAGE_MAX_CODE_POINTS = 1000;

const segmenter = new Intl.Segmenter();

/** The post box. Control characters, which show nothing, are left out of the text. */
export const messageForm = z.object({
  text: requiredField.transform((text) => text.replaceAll(/(?!\n|\t)\p{Control}/gu, '')),
});

// As much as fits in a form, percent-encoded, beside a name and a password.
const DRAFT_MAX_LENGTH = 2800;

/**
 * Reads the text of a message that waits until its author has signed in. Returns null if there is none, or if it is so
 * long, in code units, that a form with it could be too large.
 */
export function readDraft(text: unknown): string | null {
  if (typeof text !== 'string' || text.length > DRAFT_MAX_LENGTH || isBlank(text)) return null;
  return text.replaceAll(/\r\n?/g, '\n');
}

/** Returns what is wrong with the length of a message; null when it fits. */
export function messageLengthProblem(text: string): string | null {
  // No text has more characters or code points than code units, and these need not be counted.
  if (text.length <= MESSAGE_MAX_LENGTH) return null;
  // The code points come first: to find the characters of 32 KB takes tens of milliseconds.
  const codePoints = countCodePoints(text);
  if (codePoints > MESSAGE_MAX_CODE_POINTS) {
    return `Your message has ${codePoints} code points, of which an emoji or a letter can have several: at most ${MESSAGE_MAX_CODE_POINTS} fit`;
  }
  const characters = countCharacters(text);
  if (characters > MESSAGE_MAX_LENGTH) {
    return `Your message has ${characters} characters: at most ${MESSAGE_MAX_LENGTH} fit`;
  }
  return null;
}

/** Returns the number of characters in a text as people see them: an emoji with its skin tone is one. */
export function countCharacters(text: string): number {
  return Array.from(segmenter.segment(text)).length;
}

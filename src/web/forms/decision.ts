import { z } from 'zod';
import { REASON_MAX_LENGTH } from '../../repositories/audit.ts';
import { boundedField, type FieldError, isBlank, isLongerThan } from './form.ts';
import { removeControls } from './report.ts';

/** The durations of a suspension that a moderator can choose, in days. Null is a suspension without an end. */
export const SUSPENSIONS = [
  { value: '1', label: '1 day', days: 1 },
  { value: '7', label: '7 days', days: 7 },
  { value: '30', label: '30 days', days: 30 },
  { value: 'forever', label: 'For good', days: null },
] as const;

/** The form of a moderator's decision. `seen` is the id of the newest decision that the page has shown. */
export const decisionForm = z.object({
  reason: boundedField(2 * REASON_MAX_LENGTH).transform(removeControls),
  duration: boundedField(16),
  seen: boundedField(16),
});

/** Returns an error of the reason for a decision, or null if it is valid. */
export function validateReason(reason: string): FieldError<'reason'> | null {
  if (isBlank(reason)) return { field: 'reason', message: 'You have to enter a reason.' };
  if (!isLongerThan(reason, REASON_MAX_LENGTH)) return null;
  const max = REASON_MAX_LENGTH.toLocaleString('en');
  return { field: 'reason', message: `The reason can have at most ${max} characters.` };
}

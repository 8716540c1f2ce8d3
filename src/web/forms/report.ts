import { z } from 'zod';
import {
  REPORT_REASONS,
  REPORT_TEXT_MAX_LENGTH,
  type ReportReason,
} from '../../repositories/reports.ts';
import { boundedField, type FieldError, isLongerThan } from './form.ts';

const LABELS: Record<ReportReason, string> = {
  spam: 'Spam',
  harassment: 'Harassment or hate',
  illegal: 'Illegal content',
  impersonation: 'Pretends to be another user',
  other: 'Another reason',
};

/** The reasons with their labels on pages. */
export const REASON_CHOICES = REPORT_REASONS.map((value) => ({ value, label: LABELS[value] }));

/** The form of a report. Control characters, which are invisible, are removed from the text. */
export const reportForm = z.object({
  reason: boundedField(Math.max(...REPORT_REASONS.map((reason) => reason.length))),
  text: boundedField(2 * REPORT_TEXT_MAX_LENGTH).transform(removeControls),
});

/** Returns whether a text is a reason for a report. */
export function isReportReason(text: string): text is ReportReason {
  return (REPORT_REASONS as readonly string[]).includes(text);
}

/** Returns an error of the text of a report, or null if it is valid. */
export function validateReportText(text: string): FieldError<'text'> | null {
  if (!isLongerThan(text, REPORT_TEXT_MAX_LENGTH)) return null;
  const max = REPORT_TEXT_MAX_LENGTH.toLocaleString('en');
  return { field: 'text', message: `Your text can have at most ${max} characters.` };
}

/** Removes control characters, except tabs and line ends. */
export function removeControls(text: string): string {
  return text.replaceAll(/(?!\n|\t)\p{Control}/gu, '');
}

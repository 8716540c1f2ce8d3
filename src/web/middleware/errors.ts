import type { ErrorRequestHandler, RequestHandler } from 'express';
import { AppError, type ErrorCode, HTTP_STATUS } from '../../errors/app-error.ts';
import { submittedField } from '../forms/form.ts';
import { currentUser } from './current-user.ts';

/** Answers methods that a route does not know. To be the route's last handler, by `all`. */
export const methodNotAllowed: RequestHandler = (req, res) => {
  const known = Object.keys((req.route as { methods: Record<string, boolean> }).methods)
    .filter((method) => method !== '_all')
    .map((method) => method.toUpperCase());
  res.set('Allow', (known.includes('GET') ? [...known, 'HEAD'] : known).join(', '));
  throw new AppError('method_not_allowed', `This address does not understand ${req.method}.`);
};

/** Answers whatever no route did. */
export const notFound: RequestHandler = () => {
  throw new AppError('not_found', 'There is nothing at this address.');
};

/** Shows a failure as a page, with what was typed still on it, and logs what is ours to mend. */
export const renderErrorPage: ErrorRequestHandler = (error: unknown, req, res, next) => {
  if (res.headersSent) return next(error);
  const appError = toAppError(error);
  // pino-http writes it into the request's line
  if (HTTP_STATUS[appError.code] >= 500) res.err = error as Error;
  res.status(HTTP_STATUS[appError.code]);
  res.set('Cache-Control', 'no-store');
  if (appError.code === 'unavailable') res.set('Retry-After', String(RETRY_AFTER_S));
  const page = {
    code: appError.code,
    heading: HEADINGS[appError.code],
    message: appError.message,
    requestId: req.id,
    typed: submittedFields(req.body, appError.code),
    user: currentUser(req),
    isUserUnknown: res.locals.user === undefined,
  };
  res.render('error.html', page, (renderError: Error | null, html: string) => {
    if (renderError) res.type('text').send(page.message);
    else res.send(html);
  });
};

const RETRY_AFTER_S = 5;

const LABELS = {
  text: 'What you wrote, so that you can copy it:',
  draft: 'What you wrote, so that you can copy it:',
  username: 'Username:',
  email: 'E-Mail:',
};

// Another site may have written it: over plain http, browsers do not name the sender's site.
const FORBIDDEN_LABELS = {
  ...LABELS,
  text: 'The request contained:',
  draft: 'The request contained:',
};

const HEADINGS: Record<ErrorCode, string> = {
  invalid: 'That did not work',
  unauthenticated: 'Please sign in',
  forbidden: 'That is not allowed',
  not_found: 'Not found',
  method_not_allowed: 'That does not work here',
  conflict: 'This page is out of date',
  too_large: 'That is too much',
  unsupported: 'That is no form',
  too_many: 'Too many requests',
  internal: 'Something went wrong',
  unavailable: 'MiniTwit is out of breath',
};

const CODE_BY_STATUS: Record<number, ErrorCode> = {
  404: 'not_found',
  413: 'too_large',
  415: 'unsupported',
};

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  const code = CODE_BY_STATUS[status] ?? (status >= 400 && status < 500 ? 'invalid' : 'internal');
  const message = hasTooManyFields(error) ? TOO_MANY_FIELDS : MESSAGE_BY_CODE[code];
  return new AppError(code, message ?? '', { cause: error });
}

// What Express and its parsers complain about, in our own words.
const MESSAGE_BY_CODE: Partial<Record<ErrorCode, string>> = {
  invalid: 'Your browser sent something that cannot be understood.',
  not_found: 'There is nothing at this address.',
  too_large:
    'This is more than MiniTwit accepts: a message has at most 280 characters. Your browser’s Back button leads back to what you wrote.',
  unsupported: 'This address reads forms in UTF-8 only (application/x-www-form-urlencoded).',
  internal: 'The mistake is ours, and it has been written down. Please try again in a while.',
};

const TOO_MANY_FIELDS =
  'This form has more fields than any form of MiniTwit. Open the page again, and send its form once more.';

function hasTooManyFields(error: unknown): boolean {
  return error instanceof Error && 'type' in error && error.type === 'parameters.too.many';
}

/** Returns the fields of a refused form, except passwords, each with its label. */
function submittedFields(
  body: unknown,
  code: ErrorCode,
): { name: string; label: string; value: string }[] {
  const labels = code === 'forbidden' ? FORBIDDEN_LABELS : LABELS;
  return Object.entries(labels).flatMap(([name, label]) => {
    const value = submittedField(body, name);
    return typeof value === 'string' && value !== '' ? { name, label, value } : [];
  });
}

import type { ErrorRequestHandler, RequestHandler } from 'express';
import { AppError, type ErrorCode, HTTP_STATUS } from '../../errors/app-error.ts';
import { submittedField } from '../forms/form.ts';
import { currentUser } from './current-user.ts';

/**
 * Responds with 405 to a method that a route does not support. Add it to the route as the last handler, with `all`.
 * @throws AppError `method_not_allowed`
 */
export const methodNotAllowed: RequestHandler = (req, res) => {
  const allowed = Object.keys((req.route as { methods: Record<string, boolean> }).methods)
    .filter((method) => method !== '_all')
    .map((method) => method.toUpperCase());
  res.set('Allow', (allowed.includes('GET') ? [...allowed, 'HEAD'] : allowed).join(', '));
  throw new AppError('method_not_allowed', `This address does not support ${req.method}.`);
};

/**
 * Responds with 404 to a request that matches no route.
 * @throws AppError `not_found`
 */
export const notFound: RequestHandler = () => {
  throw new AppError('not_found', 'There is nothing at this address.');
};

/** Renders an error as a page that still contains the submitted text. Logs an error whose status is 500 or more. */
export const renderErrorPage: ErrorRequestHandler = (error: unknown, req, res, next) => {
  if (res.headersSent) return next(error);
  const appError = toAppError(error);
  // The log line of the request has `res.err`.
  if (HTTP_STATUS[appError.code] >= 500) res.err = error as Error;
  res.status(HTTP_STATUS[appError.code]);
  res.set('Cache-Control', 'no-store');
  if (appError.code === 'unavailable') res.set('Retry-After', String(RETRY_AFTER_S));
  const page = {
    code: appError.code,
    heading: HEADINGS[appError.code],
    message: appError.message,
    requestId: req.id,
    submittedFields: submittedFields(req.body, appError.code),
    user: currentUser(req),
    isUserUnknown: res.locals.user === undefined,
  };
  res.render('error.html', page, (renderError: Error | null, html: string) => {
    if (renderError) res.type('text').send(page.message);
    else res.send(html);
  });
};

const RETRY_AFTER_S = 5;

const COPY_LABEL = 'Your text, so that you can copy it:';
const LABELS = {
  text: COPY_LABEL,
  draft: COPY_LABEL,
  username: 'Username:',
  email: 'Email:',
};

// Another site may have written the text: over plain http, browsers do not name the sender's site.
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
  unsupported: 'That is not a form',
  too_many: 'Too many requests',
  internal: 'Something went wrong',
  unavailable: 'MiniTwit is not available',
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

// The messages for errors of Express and its body parsers.
const MESSAGE_BY_CODE: Partial<Record<ErrorCode, string>> = {
  invalid: 'Your browser sent a request that MiniTwit cannot read.',
  not_found: 'There is nothing at this address.',
  too_large:
    'This is more than MiniTwit accepts: a message has at most 280 characters. To return to your text, use the Back button of your browser.',
  unsupported: 'This address accepts forms in UTF-8 only (application/x-www-form-urlencoded).',
  internal: 'This is an error of MiniTwit, and it has been logged. Please try again later.',
};

const TOO_MANY_FIELDS =
  'This form has more fields than any form of MiniTwit. Open the page again, and send its form once more.';

function hasTooManyFields(error: unknown): boolean {
  return error instanceof Error && 'type' in error && error.type === 'parameters.too.many';
}

/** Returns the submitted fields of a form with their labels, without passwords. */
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

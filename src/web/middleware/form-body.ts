import express, { type RequestHandler } from 'express';
import { AppError } from '../../errors/app-error.ts';

const FORM = 'application/x-www-form-urlencoded';
// The longest message has 1,000 code points, which are at most 12,000 bytes in a form.
const BODY_LIMIT_BYTES = 32 * 1024;
// The largest form has four fields. To parse a name that is repeated a thousand times takes milliseconds.
const FIELDS_MAX = 50;

// Without this check, the body parser would return a form without fields for a body of another type.
const requireForm: RequestHandler = (req, res, next) => {
  const hasBody =
    req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length']) > 0;
  if (req.method === 'POST' && hasBody && req.is(FORM) === false) {
    res.set('Accept-Post', FORM);
    throw new AppError('unsupported', `This address accepts forms only (${FORM}).`);
  }
  next();
};

/**
 * Parses the form of a POST into `req.body`. A POST without a body may have any type.
 * @throws AppError `unsupported` if the body is not a form, and an error of body-parser if the form is too large
 */
export const parseFormBody: RequestHandler[] = [
  requireForm,
  express.urlencoded({ extended: false, limit: BODY_LIMIT_BYTES, parameterLimit: FIELDS_MAX }),
];

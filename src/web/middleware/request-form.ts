import type { RequestHandler } from 'express';
import { AppError } from '../../errors/app-error.ts';

const FORM = 'application/x-www-form-urlencoded';

/**
 * Refuses a POST whose body is not a form: it would be read as a form without fields. A POST without a body may have any
 * type, or none.
 * @throws AppError `unsupported`
 */
export const requireForm: RequestHandler = (req, res, next) => {
  const hasBody =
    req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length']) > 0;
  if (req.method === 'POST' && hasBody && req.is(FORM) === false) {
    res.set('Accept-Post', FORM);
    throw new AppError('unsupported', `This address reads forms only (${FORM}).`);
  }
  next();
};

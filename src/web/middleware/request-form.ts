import type { RequestHandler } from 'express';
import { AppError } from '../../errors/app-error.ts';

const FORM = 'application/x-www-form-urlencoded';

/**
 * Refuses a POST whose body is not a form. The body parser would return a form without fields for it. A POST without a
 * body may have any content type, or none.
 * @throws AppError `unsupported`
 */
export const requireForm: RequestHandler = (req, res, next) => {
  const hasBody =
    req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length']) > 0;
  if (req.method === 'POST' && hasBody && req.is(FORM) === false) {
    res.set('Accept-Post', FORM);
    throw new AppError('unsupported', `This address accepts forms only (${FORM}).`);
  }
  next();
};

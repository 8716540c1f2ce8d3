import type { IRouter } from 'express';
import { AppError } from '../../errors/app-error.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import type { Fingerprint, StaticFiles } from '../presentation/static-files.ts';

const CACHE_CONTROL: Record<Fingerprint, string> = {
  this: 'public, max-age=31536000, immutable',
  // Not even to be shown again by the Back button: the address promises something else.
  another: 'no-store',
  any: 'no-cache',
};

/**
 * `GET /static/NAME`: a file, with or without a hash in its name. While a new version replaces the old
 * one, a page of either may ask an instance of the other for a hash that it does not know: it gets the
 * file as this instance has it, which nobody keeps.
 */
export function addStaticFileRoutes(app: IRouter, { findStaticFile }: StaticFiles): void {
  app
    .route('/static/:name')
    .get((req, res) => {
      const found = findStaticFile(req.params.name);
      if (!found) throw new AppError('not_found', 'There is nothing at this address.');
      const { file, version } = found;
      const smaller = file.compressed.find(({ encoding }) => req.acceptsEncodings(encoding));
      res.set('Cache-Control', CACHE_CONTROL[version]);
      // One for each encoding, so that a 304 never speaks of bytes that somebody else has.
      res.set('ETag', `"${file.hash}-${smaller?.encoding ?? 'identity'}"`);
      res.vary('Accept-Encoding');
      if (smaller) res.set('Content-Encoding', smaller.encoding);
      res.type(file.name).send((smaller ?? file).body);
    })
    .all(methodNotAllowed);
}

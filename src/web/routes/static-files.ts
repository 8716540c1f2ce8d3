import type { IRouter } from 'express';
import { AppError } from '../../errors/app-error.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import type { Fingerprint, StaticFiles } from '../presentation/static-files.ts';

const CACHE_CONTROL: Record<Fingerprint, string> = {
  current: 'public, max-age=31536000, immutable',
  // A cache must not store this content under the URL of another version, not even for the Back button.
  stale: 'no-store',
  none: 'no-cache',
};

/**
 * Adds `/static/NAME`, with or without a fingerprint in the name. During a rolling deployment, the page of one
 * version can request a file from an instance of another version. The instance then sends its own version of the
 * file, uncached.
 */
export function addStaticFileRoutes(app: IRouter, { findStaticFile }: StaticFiles): void {
  app
    .route('/static/:name')
    .get((req, res) => {
      const found = findStaticFile(req.params.name);
      if (!found) throw new AppError('not_found', 'There is nothing at this address.');
      const { file, fingerprint } = found;
      const compressed = file.compressed.find(({ encoding }) => req.acceptsEncodings(encoding));
      res.set('Cache-Control', CACHE_CONTROL[fingerprint]);
      // Each encoding has an ETag of its own, so that a 304 refers to the bytes that the client has.
      res.set('ETag', `"${file.hash}-${compressed?.encoding ?? 'identity'}"`);
      res.vary('Accept-Encoding');
      if (compressed) res.set('Content-Encoding', compressed.encoding);
      res.type(file.name).send((compressed ?? file).body);
    })
    .all(methodNotAllowed);
}

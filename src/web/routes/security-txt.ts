import type { IRouter } from 'express';
import { methodNotAllowed } from '../middleware/errors.ts';

const VALID_FOR_MS = 90 * 24 * 3600 * 1000;

/**
 * Adds `/.well-known/security.txt` (RFC 9116) with the contact for reports of vulnerabilities. Without a contact,
 * it adds nothing.
 */
export function addSecurityTxtRoute(app: IRouter, contact: string | null): void {
  if (contact === null) return;
  app
    .route('/.well-known/security.txt')
    .get((_req, res) => {
      const expires = new Date(Date.now() + VALID_FOR_MS).toISOString();
      res.set('Cache-Control', 'public, max-age=86400');
      res.type('text').send(`Contact: ${contact}\nExpires: ${expires}\n`);
    })
    .all(methodNotAllowed);
}

import type { Request } from 'express';

/** Returns whether `TRUST_PROXY` counts the peer that sent this request as a proxy, whose headers may be believed. */
export function isFromTrustedProxy(req: Request): boolean {
  const isTrusted = req.app.get('trust proxy fn') as (address?: string, hop?: number) => boolean;
  return isTrusted(req.socket.remoteAddress, 0);
}

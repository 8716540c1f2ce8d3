import type { Request } from 'express';

/** Returns whether the peer of this request is a trusted proxy according to `TRUST_PROXY`. */
export function isFromTrustedProxy(req: Request): boolean {
  const isTrusted = req.app.get('trust proxy fn') as (address?: string, hop?: number) => boolean;
  return isTrusted(req.socket.remoteAddress, 0);
}

import type { Request } from 'express';

/** Returns the path pattern of the matched route, for example `/:username`. Returns null if no route matched. */
export function routePath(req: Request): string | null {
  const route = req.route as { path: string } | undefined;
  return route?.path ?? null;
}

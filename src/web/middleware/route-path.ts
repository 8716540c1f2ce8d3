import type { Request } from 'express';

/** The path of the route that answers a request, as the application names it: `/:username`; null without. */
export function routePath(req: Request): string | null {
  const route = req.route as { path: string } | undefined;
  return route?.path ?? null;
}

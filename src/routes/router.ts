import { Router } from 'express';

/** A router to which, as to MiniTwit, `/public` and `/Public` are two addresses. */
export function createRouter(): Router {
  return Router({ caseSensitive: true });
}

import type { IRouter } from 'express';
import type { RateLimits } from '../../../repositories/rate-limits.ts';
import type { Repositories } from '../../../repositories/repositories.ts';
import { addDecisionRoutes } from './decisions.ts';
import { addModerationPages } from './moderation.ts';
import { addReportRoutes } from './report.ts';

/** Adds the pages on which users report messages and people, and moderators decide. */
export function addModerationRoutes(
  app: IRouter,
  repositories: Repositories,
  rateLimits: RateLimits,
): void {
  addReportRoutes(app, repositories, rateLimits);
  addModerationPages(app, repositories);
  addDecisionRoutes(app, repositories);
}

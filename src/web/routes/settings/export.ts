import { pipeline } from 'node:stream/promises';
import type { IRouter, Request, Response } from 'express';
import type { RateLimits } from '../../../repositories/rate-limits.ts';
import type { Repositories } from '../../../repositories/repositories.ts';
import { currentPasswordForm } from '../../forms/current-password.ts';
import { type FieldError, parseForm } from '../../forms/form.ts';
import { logEvent } from '../../middleware/audit.ts';
import { requireUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import { createExportSlots } from '../../middleware/export-slots.ts';
import { setTooManyRequests } from '../../middleware/too-many-requests.ts';
import { generateExport } from '../../presentation/export-file.ts';
import type { ConfirmPassword } from './confirm-password.ts';
import { listSessionViews } from './session-views.ts';

// A client that reads slowly is disconnected then.
const EXPORT_MAX_MS = 15 * 60 * 1000;

/** Adds `/settings/export`, which sends the data of the user who is logged in as a JSON file. */
export function addExportRoute(
  app: IRouter,
  { sessions, personalData }: Pick<Repositories, 'sessions' | 'personalData'>,
  rateLimits: RateLimits,
  confirmPassword: ConfirmPassword,
): void {
  const acquireSlot = createExportSlots();

  app
    .route('/settings/export')
    .get((req, res) => {
      requireUser(req);
      renderExportPage(res);
    })
    .post(async (req, res) => {
      const { userId, username } = requireUser(req);
      const form = parseForm(currentPasswordForm, req.body);
      const { error } = await confirmPassword(req, res, username, form.current_password);
      if (error) return renderExportPage(res, error);
      const release = await acquireSlot(userId);
      try {
        const { refusal } = await rateLimits.consumeExport(userId);
        if (refusal) {
          setTooManyRequests(res, refusal);
          return renderExportPage(res, { field: 'current_password', message: refusal.message });
        }
        logEvent(req, 'data_exported', { userId });
        await sendExport(req, res);
      } finally {
        release();
      }
    })
    .all(methodNotAllowed);

  async function sendExport(req: Request, res: Response): Promise<void> {
    const { userId } = requireUser(req);
    const ownSessions = await listSessionViews(sessions, req);
    const pieces = generateExport(personalData, { userId, sessions: ownSessions });
    // If the database fails now, the response is an error page.
    const { value: first } = await pieces.next();
    res.attachment(`minitwit-${new Date().toISOString().slice(0, 10)}.json`);
    try {
      await pipeline(prepend(first, pieces), res, { signal: AbortSignal.timeout(EXPORT_MAX_MS) });
    } catch (err) {
      // The connection is closed without the end of the response, so the browser reports a failed download.
      if (!isDisconnect(err)) req.log.error({ err }, 'An export was aborted.');
    }
  }
}

async function* prepend(first: string, others: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first;
  yield* others;
}

function isDisconnect(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function renderExportPage(res: Response, error: FieldError | null = null): void {
  res.render('export.html', { error });
}

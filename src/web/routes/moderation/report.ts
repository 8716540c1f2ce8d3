import type { IRouter, Request, Response } from 'express';
import { AppError } from '../../../errors/app-error.ts';
import type { FoundMessage } from '../../../repositories/messages.ts';
import type { RateLimits } from '../../../repositories/rate-limits.ts';
import type { NewReport } from '../../../repositories/reports.ts';
import type { Repositories } from '../../../repositories/repositories.ts';
import type { User } from '../../../repositories/users.ts';
import { parseMessageId } from '../../forms/cursor.ts';
import { type FieldError, parseForm } from '../../forms/form.ts';
import {
  isReportReason,
  REASON_CHOICES,
  reportForm,
  validateReportText,
} from '../../forms/report.ts';
import { requireUsername } from '../../forms/username.ts';
import { logEvent } from '../../middleware/audit.ts';
import { requireUser } from '../../middleware/current-user.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import { setTooManyRequests } from '../../middleware/too-many-requests.ts';

/** A reported person, and the reported message. */
interface Subject {
  person: Pick<User, 'userId' | 'username' | 'email'>;
  /** Null if the person is reported. */
  message: FoundMessage | null;
  /** Whether the user and the person do not see each other's messages. */
  isApart: boolean;
}

/** Adds `/report/message/ID` and `/report/user/USERNAME`. */
export function addReportRoutes(
  app: IRouter,
  {
    users,
    messages,
    reports,
    blocks,
  }: Pick<Repositories, 'users' | 'messages' | 'reports' | 'blocks'>,
  rateLimits: RateLimits,
): void {
  app
    .route('/report/message/:messageId')
    .get(async (req, res) => renderReportPage(req, res, await findMessage(req)))
    .post(async (req, res) => sendReport(req, res, await findMessage(req)))
    .all(methodNotAllowed);

  app
    .route('/report/user/:username')
    .get(async (req, res) => renderReportPage(req, res, await findPerson(req)))
    .post(async (req, res) => sendReport(req, res, await findPerson(req)))
    .all(methodNotAllowed);

  async function findMessage(req: Request<{ messageId: string }>): Promise<Subject> {
    const { userId } = requireUser(req);
    const messageId = parseMessageId(req.params.messageId);
    const message = messageId === null ? null : await messages.findMessage(messageId);
    if (!message || message.isSuspended) {
      throw new AppError('not_found', 'There is no such message.');
    }
    if (message.isHidden) {
      throw new AppError('not_found', 'A moderator has already removed this message.');
    }
    if (message.authorId === userId) {
      throw new AppError('invalid', 'You cannot report your own message. You can delete it.');
    }
    const { authorId } = message;
    const { hasBlocked, isBlocked } = await blocks.findBlocks(userId, authorId);
    const isApart = hasBlocked || isBlocked;
    return { person: { ...message, userId: authorId }, message, isApart };
  }

  async function findPerson(req: Request<{ username: string }>): Promise<Subject> {
    const { userId } = requireUser(req);
    const username = requireUsername(req.params.username);
    const person = await users.findUser(username);
    if (!person) throw new AppError('not_found', `There is no user called “${username}”.`);
    if (person.userId === userId) throw new AppError('invalid', 'You cannot report yourself.');
    return { person, message: null, isApart: false };
  }

  async function sendReport(req: Request, res: Response, subject: Subject): Promise<void> {
    const { userId: reporterId } = requireUser(req);
    const form = parseForm(reportForm, req.body);
    const { reason, text } = form;
    if (!isReportReason(reason)) {
      const error = { field: 'reason', message: 'You have to choose a reason.' };
      return renderReportPage(req, res, subject, { ...form, error });
    }
    const error = validateReportText(text);
    if (error) return renderReportPage(req, res, subject, { ...form, error });
    const { refusal } = await rateLimits.consumeReport(reporterId);
    if (refusal) {
      setTooManyRequests(res, refusal);
      const limitError = { field: 'reason', message: refusal.message };
      return renderReportPage(req, res, subject, { ...form, error: limitError });
    }
    const { person, message } = subject;
    const messageId = message?.messageId ?? null;
    await storeReport(req, res, { reporterId, userId: person.userId, messageId, reason, text });
    res.redirect(`/${encodeURIComponent(person.username)}`);
  }

  async function storeReport(req: Request, res: Response, report: NewReport): Promise<void> {
    const thing = report.messageId === null ? 'user' : 'message';
    if (await reports.createReport(report)) {
      logEvent(req, 'reported', { userId: report.reporterId });
      res.flash(`Thank you. A moderator will read your report about this ${thing}`);
    } else {
      res.flash(`You have already reported this ${thing}, so nothing was changed`);
    }
  }
}

interface ReportInput {
  reason: string;
  text: string;
  error: FieldError | null;
}

const EMPTY_INPUT: ReportInput = { reason: '', text: '', error: null };

function renderReportPage(
  req: Request,
  res: Response,
  subject: Subject,
  input: ReportInput = EMPTY_INPUT,
): void {
  res.render('report.html', { ...subject, ...input, reasons: REASON_CHOICES, path: req.path });
}

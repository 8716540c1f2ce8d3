import type { IRouter, Request, Response } from 'express';
import { AppError, HTTP_STATUS } from '../../errors/app-error.ts';
import type { FoundMessage } from '../../repositories/messages.ts';
import type { RateLimits } from '../../repositories/rate-limits.ts';
import type { Repositories } from '../../repositories/repositories.ts';
import { parseMessageId } from '../forms/cursor.ts';
import { isBlank, parseForm, submittedField } from '../forms/form.ts';
import { messageForm, parseDraft, validateMessageLength } from '../forms/message.ts';
import { currentUser, findOtherFormUser, requireUser } from '../middleware/current-user.ts';
import { methodNotAllowed } from '../middleware/errors.ts';
import type { CurrentUser } from '../middleware/login.ts';
import { setTooManyRequests } from '../middleware/too-many-requests.ts';
import { listMentions } from '../presentation/message-parts.ts';
import { renderLoginPage } from '../presentation/login-page.ts';
import type { RenderHomeTimeline } from './home-timeline.ts';

/** Adds `/add_message` and `/delete_message/ID`. */
export function addMessageRoutes(
  app: IRouter,
  { messages, blocks }: Pick<Repositories, 'messages' | 'blocks'>,
  rateLimits: RateLimits,
  renderHomeTimeline: RenderHomeTimeline,
): void {
  app
    .route('/add_message')
    .post(async (req, res) => {
      const user = currentUser(req);
      if (!user) return renderLoginPageWithDraft(req, res);
      const { text } = parseForm(messageForm, req.body);
      const author = findOtherFormUser(req, user);
      if (author !== null) {
        res.status(HTTP_STATUS.conflict).render('confirm-author.html', { text, author });
        return;
      }
      if (isBlank(text)) return res.redirect('/');
      const error = validateMessageLength(text) ?? (await validateMentions(user, text));
      if (error !== null) return renderHomeTimeline(req, res, { draft: { text, error } });
      const { refusal } = await rateLimits.consumePost(user.userId);
      if (refusal) {
        setTooManyRequests(res, refusal);
        return renderHomeTimeline(req, res, { draft: { text, error: refusal.message } });
      }
      await messages.createMessage(user.userId, text);
      res.flash('Your message was recorded');
      res.redirect('/');
    })
    .all(methodNotAllowed);

  app
    .route('/delete_message/:messageId')
    .get(async (req, res) => {
      res.render('delete.html', { message: await findOwnMessage(req) });
    })
    .post(async (req, res) => {
      await messages.deleteMessage(await findOwnMessage(req));
      res.flash('Your message was deleted');
      res.redirect('/');
    })
    .all(methodNotAllowed);

  /** Returns an error message if a message mentions a user whom the author has blocked, or who has blocked the author. */
  async function validateMentions(author: CurrentUser, text: string): Promise<string | null> {
    const names = author.hasUnseenAuthors ? listMentions(text) : [];
    const found = names.length > 0 ? await blocks.findBlockedName(author.userId, names) : null;
    if (!found) return null;
    const { username, hasBlocked } = found;
    const reason = hasBlocked ? `you have blocked ${username}` : `${username} has blocked you`;
    return `You cannot mention ${username}, because ${reason}.`;
  }

  async function findOwnMessage(req: Request): Promise<FoundMessage> {
    const user = requireUser(req);
    const messageId = parseMessageId(req.params.messageId);
    const message = messageId === null ? null : await messages.findMessage(messageId);
    if (!message) throw new AppError('not_found', 'There is no such message.');
    if (message.authorId !== user.userId) {
      throw new AppError('forbidden', 'You can delete your own messages only.');
    }
    return message;
  }
}

/** Sends the login page with the message of a user whose session has ended, so that the message is not lost. */
function renderLoginPageWithDraft(req: Request, res: Response): void {
  const draft = parseDraft(submittedField(req.body, 'text'));
  // The error page shows a message that is too long for the login form.
  if (draft === null) throw new AppError('unauthenticated', 'You have to sign in first.');
  const notice =
    'You are not signed in, so your message is not posted yet. Sign in, and then share it. If you have just signed in, allow cookies for this site.';
  renderLoginPage(res.status(HTTP_STATUS.unauthenticated), { notice, draft });
}

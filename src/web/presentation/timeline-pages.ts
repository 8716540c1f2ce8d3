import { hash, randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Messages } from '../../repositories/messages.ts';
import type { Page } from '../../repositories/page.ts';
import type { Profile } from '../../repositories/profiles.ts';
import type { CurrentUser } from '../middleware/session.ts';
import { createAdmissionFilter } from './cache-admission.ts';
import { createRenderMessages } from './message-cache.ts';
import { createSendCacheablePage, type RenderedPage } from './page-cache.ts';
import type { RenderTemplate } from './templates.ts';

// The template writes this in the place of the messages. It is random, so that no user can write it into a page.
const MESSAGES_PLACEHOLDER = `<!-- ${randomUUID()} -->`;

/** The values for the template of a page with messages. */
export interface TimelinePage {
  page: Page;
  /** The path of the page, without a query. */
  path: string;
  /** The user whose messages these are, on a user's page. */
  profile?: Profile;
  [more: string]: unknown;
}

/** Sends a page with messages. */
export type RenderTimeline = (
  req: Request,
  res: Response,
  view: string,
  context: TimelinePage,
) => Promise<void>;

/** Creates the sender of timelines. It caches messages, and pages for readers without a login. */
export function createRenderTimeline(
  messages: Pick<Messages, 'listMessages'>,
  renderTemplate: RenderTemplate,
): RenderTimeline {
  const isRepeated = createAdmissionFilter();
  const renderMessages = createRenderMessages(messages, renderTemplate, isRepeated);
  const sendCacheablePage = createSendCacheablePage(isRepeated);

  async function renderPage(
    view: string,
    context: TimelinePage,
    user: CurrentUser | null,
  ): Promise<RenderedPage> {
    const { messageIds } = context.page;
    const messageList = await renderMessages(messageIds, user?.userId ?? null);
    const html = renderTemplate(view, { ...context, user, messages: MESSAGES_PLACEHOLDER });
    const [before = '', after = ''] = html.split(MESSAGES_PLACEHOLDER);
    return {
      html: Buffer.concat([Buffer.from(before), ...messageList, Buffer.from(after)]),
      isComplete: messageList.length === messageIds.length,
    };
  }

  return async (req, res, view, context) => {
    const { user = null, consumeFlash } = res.locals;
    // The page of a user, or a page with a flash message, is for one reader.
    if (user || consumeFlash) {
      const { html } = await renderPage(view, { ...context, consumeFlash }, user);
      res.type('html').send(html);
      return;
    }
    await sendCacheablePage(req, res, {
      key: cacheKey(view, context),
      render: () => renderPage(view, context, null),
    });
  };
}

/** Returns a hash of everything on a page. Messages never change, so their ids stand for them. */
function cacheKey(view: string, context: TimelinePage): string {
  return hash('sha256', JSON.stringify([view, context]), 'base64url');
}

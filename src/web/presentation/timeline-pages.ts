import { hash, randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Page } from '../../repositories/page.ts';
import type { Profile } from '../../repositories/profiles.ts';
import type { Repositories } from '../../repositories/repositories.ts';
import type { CurrentUser } from '../middleware/session.ts';
import { createAdmissionFilter } from './cache-admission.ts';
import { createRenderMessages } from './message-cache.ts';
import { createSendCacheablePage, type RenderedPage } from './page-cache.ts';
import type { RenderTemplate } from './templates.ts';

// The template writes this in the place of the messages. It is random, so that no user can write it into a page.
const MESSAGES_PLACEHOLDER = `<!-- ${randomUUID()} -->`;

/** No authors. */
export const NO_AUTHORS: ReadonlySet<number> = new Set();

/** The values for the template of a page with messages. */
export interface TimelinePage {
  page: Page;
  /** The path of the page, without a query. */
  path: string;
  /** The user whose messages these are, on a user's page. */
  profile?: Profile;
  /** The ids of the authors whose messages the page leaves out. */
  unseenAuthors?: ReadonlySet<number>;
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
  { messages, renames }: Pick<Repositories, 'messages' | 'renames'>,
  renderTemplate: RenderTemplate,
): RenderTimeline {
  const isRepeated = createAdmissionFilter();
  const renderMessages = createRenderMessages(messages, renderTemplate, isRepeated);
  const sendCacheablePage = createSendCacheablePage(isRepeated);

  async function renderPage(
    view: string,
    context: TimelinePage,
    user: CurrentUser | null,
    renameCount: number,
  ): Promise<RenderedPage> {
    const { messageIds } = context.page;
    const { unseenAuthors = NO_AUTHORS } = context;
    const reader = { userId: user?.userId ?? null, unseenAuthors, renameCount };
    const messageList = await renderMessages(messageIds, reader);
    const html = renderTemplate(view, { ...context, user, messages: MESSAGES_PLACEHOLDER });
    const [before = '', after = ''] = html.split(MESSAGES_PLACEHOLDER);
    return {
      html: Buffer.concat([Buffer.from(before), ...messageList, Buffer.from(after)]),
      isComplete: messageList.length === messageIds.length,
    };
  }

  return async (req, res, view, context) => {
    const { user = null, consumeFlash } = res.locals;
    const renameCount = await renames.countRenames();
    // The page of a user, or a page with a flash message, is for one reader.
    if (user || consumeFlash) {
      const { html } = await renderPage(view, { ...context, consumeFlash }, user, renameCount);
      res.type('html').send(html);
      return;
    }
    await sendCacheablePage(req, res, {
      key: cacheKey(view, context, renameCount),
      render: () => renderPage(view, context, null, renameCount),
    });
  };
}

/**
 * Returns a hash of everything on a page. The ids of messages stand for their texts, which never change, and
 * `renameCount` for the names of their authors.
 */
function cacheKey(view: string, context: TimelinePage, renameCount: number): string {
  return hash('sha256', JSON.stringify([view, context, renameCount]), 'base64url');
}

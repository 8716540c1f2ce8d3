import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { CurrentUser } from '../middleware/session.ts';
import type { Messages } from '../repositories/messages.ts';
import type { Profile } from '../repositories/profiles.ts';
import type { Page } from '../repositories/timelines.ts';
import { createRenderMessages } from './message-list.ts';
import { createSendShared } from './shared-pages.ts';
import type { Render } from './templates.ts';

// Where a template puts the messages, which are put in afterwards; nobody knows how to write it in one.
const MESSAGES = `<!-- ${randomUUID()} -->`;

/** A page with messages, and what else its template wants. */
export interface TimelinePage {
  page: Page;
  /** Where it is, without the cursor. */
  path: string;
  /** Whose page it is. */
  profile?: Profile;
  [more: string]: unknown;
}

/** Sends a page with messages to whoever reads. */
export type SendTimeline = (
  req: Request,
  res: Response,
  view: string,
  context: TimelinePage,
) => Promise<void>;

/** Makes pages of messages, as little of each as has not been made before. */
export function createSendTimeline(
  messages: Pick<Messages, 'listMessages'>,
  render: Render,
): SendTimeline {
  const renderMessages = createRenderMessages(messages, render);
  const sendShared = createSendShared();

  async function renderPage(view: string, context: TimelinePage, user: CurrentUser | null) {
    const list = await renderMessages(context.page.messageIds, user?.userId ?? null);
    const html = render(view, { ...context, user, messages: MESSAGES });
    const [before = '', after = ''] = html.split(MESSAGES);
    return Buffer.concat([Buffer.from(before), ...list, Buffer.from(after)]);
  }

  return async (req, res, view, context) => {
    const { user = null, takeFlash } = res.locals;
    // for somebody in particular
    if (user || takeFlash) {
      res.type('html').send(await renderPage(view, { ...context, takeFlash }, user));
      return;
    }
    await sendShared(req, res, {
      content: contentOf(context),
      render: () => renderPage(view, context, null),
    });
  };
}

/** All that a page depends on when nobody in particular reads it: messages never change. */
function contentOf({ path, page, profile }: TimelinePage): string {
  const { hasOlder, hasNewer, messageIds } = page;
  const counts = profile ? [profile.followers, profile.following] : [];
  return [path, ...counts, hasOlder, hasNewer, ...messageIds].join(' ');
}

import { hash, randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { CurrentUser } from '../middleware/session.ts';
import type { Messages } from '../../repositories/messages.ts';
import type { Profile } from '../../repositories/profiles.ts';
import type { Page } from '../../repositories/page.ts';
import { createRenderMessages } from './message-cache.ts';
import { createSendShared, type RenderedPage } from './page-cache.ts';
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

  async function renderPage(
    view: string,
    context: TimelinePage,
    user: CurrentUser | null,
  ): Promise<RenderedPage> {
    const { messageIds } = context.page;
    const list = await renderMessages(messageIds, user?.userId ?? null);
    const html = render(view, { ...context, user, messages: MESSAGES });
    const [before = '', after = ''] = html.split(MESSAGES);
    return {
      html: Buffer.concat([Buffer.from(before), ...list, Buffer.from(after)]),
      isWhole: list.length === messageIds.length,
    };
  }

  return async (req, res, view, context) => {
    const { user = null, consumeFlash } = res.locals;
    // for somebody in particular
    if (user || consumeFlash) {
      const { html } = await renderPage(view, { ...context, consumeFlash }, user);
      res.type('html').send(html);
      return;
    }
    await sendShared(req, res, {
      key: keyOf(view, context),
      render: () => renderPage(view, context, null),
    });
  };
}

/** Stands for all that a page depends on when nobody in particular reads it: messages never change. */
function keyOf(view: string, context: TimelinePage): string {
  return hash('sha256', JSON.stringify([view, context]), 'base64url');
}

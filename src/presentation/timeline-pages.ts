import type { Request, Response } from 'express';
import type { Messages } from '../repositories/messages.ts';
import type { Profile } from '../repositories/profiles.ts';
import type { Page } from '../repositories/timelines.ts';
import { createRenderMessages } from './message-list.ts';
import { createSendShared } from './shared-pages.ts';
import type { Render } from './templates.ts';

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

  return async (req, res, view, context) => {
    const { messageIds } = context.page;
    const { user, takeFlash } = res.locals;
    // for somebody in particular
    if (user || takeFlash) {
      const html = await renderMessages(messageIds, user?.userId ?? null);
      res.send(render(view, { ...res.locals, ...context, messages: html }));
      return;
    }
    await sendShared(req, res, {
      content: contentOf(context),
      render: async () =>
        render(view, { ...context, user, messages: await renderMessages(messageIds, null) }),
    });
  };
}

/** All that a page depends on when nobody in particular reads it: messages never change. */
function contentOf({ path, page, profile }: TimelinePage): string {
  const { hasOlder, hasNewer, messageIds } = page;
  const counts = profile ? [profile.followers, profile.following] : [];
  return [path, ...counts, hasOlder, hasNewer, ...messageIds].join(' ');
}

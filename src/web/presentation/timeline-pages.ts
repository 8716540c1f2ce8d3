import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Cursor, Page } from '../../repositories/page.ts';
import type { Profile } from '../../repositories/profiles.ts';
import type { Repositories } from '../../repositories/repositories.ts';
import { listPrivateHeaders, type WriteHead } from '../middleware/security-headers.ts';
import type { CurrentUser } from '../middleware/login.ts';
import { hasSession } from '../middleware/open-session.ts';
import { type ByteString, toBuffer, toByteString } from './byte-string.ts';
import type { AdmissionFilter } from './cache-admission.ts';
import { createRenderMessages } from './message-cache.ts';
import type { PageCache, RenderedPage } from './page-cache.ts';
import type { RenderTemplate } from './templates.ts';

// The template writes this in the place of the messages. It is random, so that no user can write it into a page.
const MESSAGES_PLACEHOLDER = `<!-- ${randomUUID()} -->`;

const NO_AUTHORS: ReadonlySet<number> = new Set();

/** The part of a page with messages that is read from the database, beside the messages. */
export interface TimelineContent {
  page: Page;
  /** The user whose messages these are, on a user's page. */
  profile?: Profile;
  /** The ids of the authors whose messages the page leaves out. */
  unseenAuthors?: ReadonlySet<number>;
  /** Further values for the template, for one reader. */
  [more: string]: unknown;
}

/** A page with messages. */
export interface Timeline {
  view: string;
  /** The path of the page, without a query. */
  path: string;
  cursor: Cursor;
  /** Reads the content from the database. For readers without a login, it is the same for all. */
  read: () => Promise<TimelineContent>;
}

/** Sends a page with messages. */
export type RenderTimeline = (req: Request, res: Response, timeline: Timeline) => Promise<void>;

/** The caches, and the function that renders templates. */
export interface TimelineOptions {
  renderTemplate: RenderTemplate;
  pageCache: PageCache<TimelineContent>;
  isRepeated: AdmissionFilter;
  writeHead: WriteHead;
}

/** Creates the sender of timelines. It caches messages, and pages for readers without a login. */
export function createRenderTimeline(
  { messages, renames }: Pick<Repositories, 'messages' | 'renames'>,
  { renderTemplate, pageCache, isRepeated, writeHead }: TimelineOptions,
): RenderTimeline {
  const renderMessages = createRenderMessages(messages, renderTemplate, isRepeated);

  async function renderPage(
    { view, path }: Timeline,
    content: TimelineContent,
    { renameCount, user, consumeFlash }: PageReader,
  ): Promise<RenderedPage> {
    const { unseenAuthors = NO_AUTHORS } = content;
    const reader = { userId: user?.userId ?? null, unseenAuthors, renameCount };
    const rendered = await renderMessages(content.page.messageIds, reader);
    const values = { ...content, path, user, consumeFlash, messages: MESSAGES_PLACEHOLDER };
    const [before = '', after = ''] = renderTemplate(view, values).split(MESSAGES_PLACEHOLDER);
    const html = toByteString(before) + rendered.html + toByteString(after);
    return { html, isComplete: rendered.isComplete };
  }

  return async (req, res, timeline) => {
    const { user = null, consumeFlash } = res.locals;
    // The page of a user, or a page with a flash message, is for one reader.
    if (user || consumeFlash) {
      const content = await timeline.read();
      const renameCount = await renames.countRenames();
      const { html } = await renderPage(timeline, content, { renameCount, user, consumeFlash });
      sendPrivatePage(res, html, writeHead);
      return;
    }
    await pageCache.send(req, res, {
      read: timeline.read,
      name: createName(timeline),
      createKey: (content) => createKey(timeline, content),
      render: (content, renameCount) => renderPage(timeline, content, { renameCount, user: null }),
      isLimited: timeline.cursor !== null,
    });
  };
}

function sendPrivatePage(res: Response, html: ByteString, writeHead: WriteHead): void {
  // Express-session has replaced these methods if it has run.
  if (hasSession(res.req)) {
    res.type('html').send(toBuffer(html));
    return;
  }
  writeHead(res, res.statusCode, [
    ...listPrivateHeaders(res.locals.user ?? null),
    'Content-Type',
    'text/html; charset=utf-8',
    'Content-Length',
    String(html.length),
  ]);
  res.end(html, 'latin1');
}

interface PageReader {
  renameCount: number;
  user: CurrentUser | null;
  consumeFlash?: Response['locals']['consumeFlash'];
}

/** Returns the path of a newest page, and a path with a query for others. */
function createName({ path, cursor }: Timeline): string {
  return cursor ? `${path}?${JSON.stringify(cursor)}` : path;
}

/**
 * Returns a text that differs for different content of a page for readers without a login. The ids of messages stand for
 * their texts, which never change.
 */
function createKey({ cursor }: Timeline, { page, profile }: TimelineContent): string {
  // The newest page of a user follows from the profile.
  if (profile && cursor === null) return profile.version;
  return `${profile?.version ?? ''} ${formatPage(page)}`;
}

// Requests at the same time share a page. An entry cannot be wrong, since nothing changes a page, and lives as long as it.
const formattedPages = new WeakMap<Page, string>();

/** Returns a page as JSON. */
function formatPage(page: Page): string {
  let text = formattedPages.get(page);
  if (text === undefined) {
    text = JSON.stringify(page);
    formattedPages.set(page, text);
  }
  return text;
}

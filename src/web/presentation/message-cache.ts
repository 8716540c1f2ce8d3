import { LRUCache } from 'lru-cache';
import { isHiddenId, type ListedId, toMessageId } from '../../repositories/listed-ids.ts';
import type { Message, Messages } from '../../repositories/messages.ts';
import { type ByteString, toByteString } from './byte-string.ts';
import type { AdmissionFilter } from './cache-admission.ts';
import type { RenderTemplate } from './templates.ts';

/** The reader for whom messages are rendered. */
export interface MessageReader {
  /** Null without a login. */
  userId: number | null;
  /** The ids of the authors whose messages are left out. */
  unseenAuthors: ReadonlySet<number>;
  /** The number of renames, which was read for this request. */
  renameCount: number;
}

/** Messages as HTML. */
export interface RenderedMessages {
  html: ByteString;
  /** False if a message was deleted meanwhile. */
  isComplete: boolean;
}

/**
 * Renders messages in the order of their ids. Deleted messages are missing, and hidden ones are shown as removed. A
 * reader's own messages have a link that deletes them.
 */
export type RenderMessages = (
  listedIds: readonly ListedId[],
  reader: MessageReader,
) => Promise<RenderedMessages>;

interface CachedMessage {
  authorId: number;
  renameCount: number;
  html: ByteString;
  /** Null until the author has read the message. */
  htmlForAuthor: ByteString | null;
}

const CACHE_MAX_BYTES = 8 * 1024 * 1024;
// The memory of an entry without its HTML.
const ENTRY_BYTES = 300;

/**
 * Creates the renderer of messages with its cache. An entry is never stale: a message never changes, no id is used
 * twice, a message that is hidden or restored has another listed id, and the name of its author is valid for one number
 * of renames. Only a picture from Gravatar can be outdated: it is that of the author's email address when the message was
 * rendered, until the entry is evicted.
 */
export function createRenderMessages(
  { listMessages }: Pick<Messages, 'listMessages'>,
  renderTemplate: RenderTemplate,
  isRepeated: AdmissionFilter,
): RenderMessages {
  const cache = new LRUCache<ListedId, CachedMessage>({
    maxSize: CACHE_MAX_BYTES,
    sizeCalculation: ({ html, htmlForAuthor }) =>
      ENTRY_BYTES + html.length + (htmlForAuthor?.length ?? 0),
  });

  const renderMessage = (message: Message, isHidden: boolean, isOwn: boolean) =>
    toByteString(renderTemplate('message.html', { message, isHidden, isOwn }));

  /** Returns a cached message, or null if the cache does not have it for this reader. */
  function findCached(
    listedId: ListedId,
    { userId, renameCount }: MessageReader,
  ): CachedMessage | null {
    const cached = cache.get(listedId);
    if (cached?.renameCount !== renameCount) return null;
    return cached.authorId === userId && !cached.htmlForAuthor ? null : cached;
  }

  function renderAndCache(
    message: Message,
    listedId: ListedId,
    { userId, renameCount }: MessageReader,
  ): CachedMessage {
    const { messageId, authorId } = message;
    const isHidden = isHiddenId(listedId);
    const html = renderMessage(message, isHidden, false);
    const htmlForAuthor = authorId === userId ? renderMessage(message, isHidden, true) : null;
    const rendered = { authorId, renameCount, html, htmlForAuthor };
    if (isRepeated(messageId)) cache.set(listedId, rendered);
    return rendered;
  }

  /** Reads and renders the messages that are missing in the list. */
  async function renderMissing(
    list: (CachedMessage | null)[],
    listedIds: readonly ListedId[],
    reader: MessageReader,
  ): Promise<void> {
    const places = new Map<number, number>();
    list.forEach((message, place) => {
      if (!message) places.set(toMessageId(listedIds[place] ?? 0), place);
    });
    for (const message of await listMessages(Array.from(places.keys()))) {
      const place = places.get(message.messageId) ?? 0;
      list[place] = renderAndCache(message, listedIds[place] ?? 0, reader);
    }
  }

  return async (listedIds, reader) => {
    const list = listedIds.map((listedId) => findCached(listedId, reader));
    if (list.includes(null)) await renderMissing(list, listedIds, reader);
    let html = '';
    for (const message of list) {
      if (!message || reader.unseenAuthors.has(message.authorId)) continue;
      html += (message.authorId === reader.userId && message.htmlForAuthor) || message.html;
    }
    return { html, isComplete: !list.includes(null) };
  };
}

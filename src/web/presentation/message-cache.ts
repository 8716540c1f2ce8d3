import { LRUCache } from 'lru-cache';
import type { Message, Messages } from '../../repositories/messages.ts';
import type { AdmissionFilter } from './cache-admission.ts';
import type { RenderTemplate } from './templates.ts';

/**
 * Returns messages as HTML, in the order of their ids. Deleted messages are missing. A reader's own messages have
 * a link that deletes them; `readerId` is null without a login. `renameCount` is the number of renames, which was read
 * for this request.
 */
export type RenderMessages = (
  messageIds: number[],
  readerId: number | null,
  renameCount: number,
) => Promise<Buffer[]>;

interface CachedMessage {
  authorId: number;
  renameCount: number;
  html: Buffer;
  /** Null until the author has read the message. */
  htmlForAuthor: Buffer | null;
}

const CACHE_MAX_BYTES = 16 * 1024 * 1024;
// The memory of an entry without its HTML.
const ENTRY_BYTES = 300;

/**
 * Creates the renderer of messages with its cache. An entry is never stale: a message never changes, no id is used
 * twice, and the name of its author is valid for one number of renames.
 */
export function createRenderMessages(
  { listMessages }: Pick<Messages, 'listMessages'>,
  renderTemplate: RenderTemplate,
  isRepeated: AdmissionFilter,
): RenderMessages {
  const cache = new LRUCache<number, CachedMessage>({
    maxSize: CACHE_MAX_BYTES,
    sizeCalculation: ({ html, htmlForAuthor }) =>
      ENTRY_BYTES + html.length + (htmlForAuthor?.length ?? 0),
  });

  function findHtml(
    messageId: number,
    readerId: number | null,
    renameCount: number,
  ): Buffer | null {
    const cached = cache.get(messageId);
    if (cached?.renameCount !== renameCount) return null;
    return cached.authorId === readerId ? cached.htmlForAuthor : cached.html;
  }

  // Bytes, since a page that is joined from bytes need not be encoded.
  const renderMessage = (message: Message, isOwn: boolean) =>
    Buffer.from(renderTemplate('message.html', { message, isOwn }));

  return async (messageIds, readerId, renameCount) => {
    const list = messageIds.map((messageId) => findHtml(messageId, readerId, renameCount));
    const missing = messageIds.filter((_, index) => !list[index]);
    for (const message of await listMessages(missing)) {
      const { messageId, authorId } = message;
      const html = renderMessage(message, false);
      const htmlForAuthor = authorId === readerId ? renderMessage(message, true) : null;
      if (isRepeated(messageId)) {
        cache.set(messageId, {
          authorId,
          renameCount,
          html: copyBuffer(html),
          htmlForAuthor: htmlForAuthor && copyBuffer(htmlForAuthor),
        });
      }
      list[messageIds.indexOf(messageId)] = htmlForAuthor ?? html;
    }
    return list.filter((html) => html !== null);
  };
}

// A small buffer shares a block of memory with others, and a cached one would retain the whole block.
function copyBuffer(bytes: Buffer): Buffer {
  return Buffer.alloc(bytes.length, bytes);
}

import { LRUCache } from 'lru-cache';
import { createIsAskedAgain } from './cache-admission.ts';
import { keepBytes } from './copy-buffer.ts';
import type { Message, Messages } from '../../repositories/messages.ts';
import type { Render } from './templates.ts';

/**
 * Gives each message as HTML, in the order of their ids, without those that are gone. The reader finds ways
 * to delete their own.
 */
export type RenderMessages = (messageIds: number[], readerId: number | null) => Promise<Buffer[]>;

interface Rendered {
  authorId: number;
  html: Buffer;
  /** As its author sees it, once its author has. */
  ownHtml: Buffer | null;
}

const CACHE_MAX_BYTES = 16 * 1024 * 1024;
// what it takes to keep one
const BYTES_PER_MESSAGE = 300;

/**
 * Keeps messages that are asked for again as they were rendered. What is kept cannot be wrong: a message never
 * changes, nor does its author's name, and its id is never given to another. Which messages there are is
 * never asked of it.
 */
export function createRenderMessages(
  { listMessages }: Pick<Messages, 'listMessages'>,
  render: Render,
): RenderMessages {
  const cache = new LRUCache<number, Rendered>({
    maxSize: CACHE_MAX_BYTES,
    sizeCalculation: ({ html, ownHtml }) =>
      BYTES_PER_MESSAGE + html.length + (ownHtml?.length ?? 0),
  });
  const isAskedAgain = createIsAskedAgain();

  // bytes, as they are sent: to put texts together and encode them took longer than all else
  const renderMessage = (message: Message, isOwn: boolean) =>
    Buffer.from(render('message.html', { message, isOwn }));

  function keep(messageId: number, { authorId, html, ownHtml }: Rendered): void {
    const own = ownHtml && keepBytes(ownHtml);
    cache.set(messageId, { authorId, html: keepBytes(html), ownHtml: own });
  }

  return async (messageIds, readerId) => {
    const find = (messageId: number) => {
      const kept = cache.get(messageId);
      return kept?.authorId === readerId ? kept?.ownHtml : kept?.html;
    };
    const list = messageIds.map(find);
    const missing = messageIds.filter((_, index) => !list[index]);
    for (const message of await listMessages(missing)) {
      const { messageId, authorId } = message;
      const html = renderMessage(message, false);
      const ownHtml = authorId === readerId ? renderMessage(message, true) : null;
      if (isAskedAgain(messageId)) keep(messageId, { authorId, html, ownHtml });
      list[messageIds.indexOf(messageId)] = ownHtml ?? html;
    }
    return list.filter((html) => html !== null && html !== undefined);
  };
}

import { LRUCache } from 'lru-cache';
import type { Message, Messages } from '../repositories/messages.ts';
import type { Render } from './templates.ts';

/**
 * Gives messages as HTML, in the order of their ids, without those that are gone. The reader finds ways to
 * delete their own.
 */
export type RenderMessages = (messageIds: number[], readerId: number | null) => Promise<string>;

interface Rendered {
  authorId: number;
  html: string;
  /** As its author sees it, once its author has. */
  ownHtml: string | null;
}

const CACHE_MAX_BYTES = 32 * 1024 * 1024;
// what it takes to keep one, beside its characters
const BYTES_PER_MESSAGE = 300;

/**
 * Reads and renders each message once. What is kept cannot be wrong: a message never changes, nor does its
 * author's name, and its id is never given to another. Which messages there are is never asked of it.
 */
export function createRenderMessages(
  { listMessages }: Pick<Messages, 'listMessages'>,
  render: Render,
): RenderMessages {
  const cache = new LRUCache<number, Rendered>({
    maxSize: CACHE_MAX_BYTES,
    // two bytes for each character as soon as one of them needs them
    sizeCalculation: ({ html, ownHtml }) =>
      BYTES_PER_MESSAGE + 2 * (html.length + (ownHtml ?? '').length),
  });

  function renderMessage(message: Message, readerId: number | null): Rendered {
    const { authorId } = message;
    const html = inOnePiece(render('message.html', { message, isOwn: false }));
    const isOwn = authorId === readerId;
    const ownHtml = isOwn ? inOnePiece(render('message.html', { message, isOwn })) : null;
    return { authorId, html, ownHtml };
  }

  return async (messageIds, readerId) => {
    const forReader = ({ authorId, html, ownHtml }: Rendered) =>
      authorId === readerId ? ownHtml : html;
    const shown = new Map<number, string>();
    const missing: number[] = [];
    for (const messageId of messageIds) {
      const known = cache.get(messageId);
      const html = known && forReader(known);
      if (html) shown.set(messageId, html);
      else missing.push(messageId);
    }
    for (const message of await listMessages(missing)) {
      const rendered = renderMessage(message, readerId);
      cache.set(message.messageId, rendered);
      shown.set(message.messageId, forReader(rendered) ?? '');
    }
    return messageIds.map((messageId) => shown.get(messageId) ?? '').join('');
  };
}

/** Until somebody reads it, V8 keeps a text as the hundred pieces that a template has written. */
function inOnePiece(html: string): string {
  return Buffer.from(html).toString();
}

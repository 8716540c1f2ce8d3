import { expect, test } from 'vitest';
import type { Message } from '../../../src/repositories/messages.ts';
import { createAdmissionFilter } from '../../../src/web/presentation/cache-admission.ts';
import {
  createRenderMessages,
  type MessageReader,
} from '../../../src/web/presentation/message-cache.ts';

const AUTHOR = 7;

/** Returns a reader who has no unseen authors. */
function createReader(userId: number | null, renameCount = 0): MessageReader {
  return { userId, renameCount, unseenAuthors: new Set() };
}

/** Creates a renderer of messages, and records the ids of the messages that it reads from the database. */
function createRenderer(text = '') {
  const read: number[] = [];
  const renderMessages = createRenderMessages(
    {
      async listMessages(messageIds) {
        read.push(...messageIds);
        return messageIds.map((messageId) => ({ messageId, authorId: AUTHOR }) as Message);
      },
    },
    (_view, context) => {
      const { message, isHidden, isOwn } = context as Record<'isHidden' | 'isOwn', boolean> & {
        message: Message;
      };
      return `${message.messageId}${text}${isHidden ? ' (hidden)' : ''}${isOwn ? ' (own)' : ''};`;
    },
    createAdmissionFilter(),
  );
  const render = async (messageIds: number[], readerId: number | null = null, renameCount = 0) => {
    const { html } = await renderMessages(messageIds, createReader(readerId, renameCount));
    return html.split(';').slice(0, -1);
  };
  return { read, render, renderMessages };
}

test('caches messages that are requested twice, and returns them in the order of their ids', async () => {
  const { read, render } = createRenderer();
  await render([3, 2, 1]);
  await render([3, 1]);
  read.length = 0;
  expect(await render([3, 2, 1])).toEqual(['3', '2', '1']);
  expect(read).toEqual([2]);
});

test('messages that are requested once do not evict a cached message', async () => {
  const { read, render } = createRenderer();
  await render([1]);
  await render([1]);
  for (let first = 2; first < 100_000; first += 1000) {
    await render(Array.from({ length: 1000 }, (_, index) => first + index));
  }
  read.length = 0;
  expect(await render([1])).toEqual(['1']);
  expect(read).toEqual([]);
});

test('a full cache evicts the messages that were requested least recently', async () => {
  const { read, render } = createRenderer('x'.repeat(1000));
  for (let first = 0; first < 20_000; first += 1000) {
    const thousand = Array.from({ length: 1000 }, (_, index) => first + index);
    await render(thousand);
    await render(thousand);
  }
  read.length = 0;
  await render([0, 19_999]);
  expect(read).toEqual([0]);
});

test('renders a cached message for its author and for other readers', async () => {
  const { read, render } = createRenderer();
  await render([1]);
  await render([1]);
  expect(await render([1], AUTHOR)).toEqual(['1 (own)']);
  expect(await render([1])).toEqual(['1']);
  read.length = 0;
  expect(await render([1], AUTHOR)).toEqual(['1 (own)']);
  expect(read).toEqual([]);
});

test('caches a hidden message apart from the same message after its restoration', async () => {
  const { read, render } = createRenderer();
  for (let time = 0; time < 2; time++) {
    expect(await render([2, -1])).toEqual(['2', '1 (hidden)']);
    expect(await render([2, 1])).toEqual(['2', '1']);
  }
  expect(await render([-1], AUTHOR)).toEqual(['1 (hidden) (own)']);
  read.length = 0;
  expect(await render([2, -1])).toEqual(['2', '1 (hidden)']);
  expect(await render([1])).toEqual(['1']);
  expect(await render([-1], AUTHOR)).toEqual(['1 (hidden) (own)']);
  expect(read).toEqual([]);
});

test('reads a cached message again after a rename, and caches it again', async () => {
  const { read, render } = createRenderer();
  for (let time = 0; time < 3; time++) await render([1], null, 0);
  read.length = 0;
  await render([1], null, 1);
  expect(read).toEqual([1]);
  await render([1], null, 1);
  expect(read).toEqual([1]);
});

import { expect, test } from 'vitest';
import { createRenderMessages } from '../../../src/web/presentation/message-cache.ts';
import type { Message } from '../../../src/repositories/messages.ts';

const AUTHOR = 7;

/** Renders messages by their ids, and notes which were read. */
function createList(text = '') {
  const read: number[] = [];
  const render = createRenderMessages(
    {
      async listMessages(messageIds) {
        read.push(...messageIds);
        return messageIds.map((messageId) => ({ messageId, authorId: AUTHOR }) as Message);
      },
    },
    (_view, context) => {
      const { message, isOwn } = context as { message: Message; isOwn: boolean };
      return `${message.messageId}${text}${isOwn ? ' (own)' : ''}`;
    },
  );
  const show = async (messageIds: number[], readerId: number | null = null) =>
    (await render(messageIds, readerId)).map(String);
  return { read, show };
}

test('messages that are asked for again are kept, and shown in order', async () => {
  const { read, show } = createList();
  await show([3, 2, 1]);
  await show([3, 1]);
  read.length = 0;
  expect(await show([3, 2, 1])).toEqual(['3', '2', '1']);
  expect(read).toEqual([2]);
});

test('messages that are asked for once, however many, push out none that are kept', async () => {
  const { read, show } = createList();
  await show([1]);
  await show([1]);
  for (let first = 2; first < 100_000; first += 1000) {
    await show(Array.from({ length: 1000 }, (_, index) => first + index));
  }
  read.length = 0;
  expect(await show([1])).toEqual(['1']);
  expect(read).toEqual([]);
});

test('of more than there is room for, those are kept that were asked for last', async () => {
  const { read, show } = createList('x'.repeat(1000));
  for (let first = 0; first < 20_000; first += 1000) {
    const thousand = Array.from({ length: 1000 }, (_, index) => first + index);
    await show(thousand);
    await show(thousand);
  }
  read.length = 0;
  await show([0, 19_999]);
  expect(read).toEqual([0]);
});

test('an author has their own way to see what is kept', async () => {
  const { show } = createList();
  await show([1]);
  await show([1]);
  expect(await show([1], AUTHOR)).toEqual(['1 (own)']);
  expect(await show([1])).toEqual(['1']);
});

import { expect, test } from 'vitest';
import { z } from 'zod';
import { listItems } from '../../src/aws/pages.ts';
import { OperatorError } from '../../src/errors/operator-error.ts';

interface Page {
  Names?: string[];
}

const itemsOf = ({ Names }: Page) => Names;

async function* yieldPages(...pages: (Page | Error)[]): AsyncGenerator<Page> {
  for (const page of pages) {
    if (page instanceof Error) throw page;
    yield page;
  }
}

test('listItems returns the converted items of all pages, in their order', async () => {
  const pages = yieldPages({ Names: ['b', 'a'] }, {}, { Names: ['c'] });
  const schema = z.string().transform((name) => name.toUpperCase());
  expect(await listItems('Cannot list them', pages, itemsOf, schema)).toEqual(['B', 'A', 'C']);
});

test('listItems throws an OperatorError when AWS refuses a later page', async () => {
  const refusal = Object.assign(new Error('no'), { name: 'Refused', $metadata: {} });
  const listed = listItems('Cannot list them', yieldPages({}, refusal), itemsOf, z.string());
  const error = new OperatorError('Cannot list them: AWS returned Refused: no.', {
    cause: refusal,
  });
  await expect(listed).rejects.toThrow(error);
});

test('listItems throws the error of the schema for an invalid item', async () => {
  const listed = listItems('Cannot list them', yieldPages({ Names: ['a'] }), itemsOf, z.number());
  await expect(listed).rejects.toThrow(z.ZodError);
});

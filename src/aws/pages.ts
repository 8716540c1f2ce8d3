import type { z } from 'zod';
import { toOperatorError } from './errors.ts';

/**
 * Yields the pages of one of the SDK's `paginate…` functions.
 * @param attempt the first words of the error's message: `Cannot list the volumes`
 * @throws OperatorError when AWS refuses a page, see `toOperatorError`
 */
export async function* readPages<Page>(
  attempt: string,
  pages: AsyncIterable<Page>,
): AsyncGenerator<Page> {
  try {
    yield* pages;
  } catch (error) {
    throw toOperatorError(attempt, error);
  }
}

/**
 * Returns the items of all pages of one of the SDK's `paginate…` functions, in AWS's order.
 * @param attempt the first words of the error's message: `Cannot list the volumes`
 * @param itemsOf returns the items of a page; AWS leaves an empty list out
 * @param schema validates and converts an item
 * @throws OperatorError when AWS refuses a page, see `toOperatorError`
 */
export async function listItems<Page, Schema extends z.ZodType>(
  attempt: string,
  pages: AsyncIterable<Page>,
  itemsOf: (page: Page) => unknown[] | undefined,
  schema: Schema,
): Promise<z.infer<Schema>[]> {
  const items: z.infer<Schema>[] = [];
  for await (const page of readPages(attempt, pages)) {
    for (const item of itemsOf(page) ?? []) items.push(schema.parse(item));
  }
  return items;
}

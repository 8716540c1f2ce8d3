/**
 * Works through a list: each worker takes the next item when it has finished one. After a failure, no worker takes another
 * item, and the first error is thrown when all have ended.
 */
export async function shareWork<Item, Worker>(
  items: Item[],
  workers: Worker[],
  work: (worker: Worker, item: Item) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  // An error in a loop closes the shared generator, so the other loops stop.
  const queue = generate(items);
  const takeItems = async (worker: Worker) => {
    try {
      for (const item of queue) await work(worker, item);
    } catch (error) {
      errors.push(error);
    }
  };
  await Promise.all(workers.map(takeItems));
  if (errors.length > 0) throw errors[0];
}

function* generate<Item>(items: Item[]): Generator<Item> {
  yield* items;
}

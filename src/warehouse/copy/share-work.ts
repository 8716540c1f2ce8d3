/**
 * Works through a list: each worker takes the next item when it has finished one. After a failure, no worker takes another
 * item, and the error is thrown when all have ended.
 */
export async function shareWork<Item, Worker>(
  items: Item[],
  workers: Worker[],
  work: (worker: Worker, item: Item) => Promise<void>,
): Promise<void> {
  // A loop that an error ends also ends the generator, and thus the other loops.
  const queue = generate(items);
  const takeItems = async (worker: Worker) => {
    for (const item of queue) await work(worker, item);
  };
  const results = await Promise.allSettled(workers.map(takeItems));
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

function* generate<Item>(items: Item[]): Generator<Item> {
  yield* items;
}

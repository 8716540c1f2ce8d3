/**
 * Lets all who want the same at the same time share one read. It is sent after the last of them came, so
 * that nobody is told what was true before they asked: whoever comes while one is on its way waits for the
 * next, which begins when that one has ended. What they get is the same object: nobody may change it.
 */
export function shareReads<Wanted, Result>(
  read: (wanted: Wanted) => Promise<Result>,
): (wanted: Wanted) => Promise<Result> {
  const running = new Map<string, Promise<Result>>();
  const waiting = new Map<string, Promise<Result>>();

  function start(key: string, wanted: Wanted): Promise<Result> {
    waiting.delete(key);
    const result = read(wanted);
    running.set(key, result);
    const end = () => {
      if (running.get(key) === result) running.delete(key);
    };
    result.then(end, end);
    return result;
  }

  async function wait(key: string, wanted: Wanted, before: Promise<Result>): Promise<Result> {
    await before.catch(() => undefined);
    return start(key, wanted);
  }

  return (wanted) => {
    const key = JSON.stringify(wanted);
    const joined = waiting.get(key);
    if (joined) return joined;
    const before = running.get(key);
    if (!before) return start(key, wanted);
    const result = wait(key, wanted, before);
    waiting.set(key, result);
    return result;
  };
}

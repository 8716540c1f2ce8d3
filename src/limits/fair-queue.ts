import { AppError } from '../errors/app-error.ts';

/** The bounds of a fair queue. */
export interface FairQueueOptions {
  /** Running tasks of all clients together. */
  maxConcurrent: number;
  /** Running tasks of one client. */
  maxConcurrentPerClient: number;
  /** Queued tasks of all clients together. */
  maxQueued: number;
  /** Queued tasks of one client. */
  maxQueuedPerClient: number;
  waitMaxMs: number;
  /** The message of the error for a rejected task. */
  rejectionMessage: string;
}

/** Ends a running task, so that the next one can start. Later calls do nothing. */
export type Release = () => void;

/** Bounds concurrent work. Clients with queued tasks start one in turn, however many tasks each client has queued. */
export interface FairQueue {
  /**
   * Resolves when a task of this client may start.
   * @throws AppError `unavailable` if the client has too many tasks in the queue, if the queue is full and no other
   *   client
   *   has more tasks in it, or if the task waited too long
   */
  acquire(client: string): Promise<Release>;
  /** Starts a task of this client at once. Returns null if it has to wait. */
  startNow(client: string): Release | null;
  /** Returns the number of queued tasks. */
  queued(): number;
}

interface Client {
  name: string;
  running: number;
  /** First in, first out. */
  queue: QueuedTask[];
}

interface QueuedTask {
  start: () => void;
  reject: () => void;
  timer: NodeJS.Timeout;
}

/** Creates an empty queue. It stores a client only while the client has a running or a queued task. */
export function createFairQueue(options: FairQueueOptions): FairQueue {
  const clients = new Map<string, Client>();
  // The clients with queued tasks, in the order of their turns.
  const turns = new Set<Client>();
  let running = 0;
  let queued = 0;

  const createRejection = () => new AppError('unavailable', options.rejectionMessage);

  function start(client: Client): Release {
    running++;
    client.running++;
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      running--;
      client.running--;
      startNext();
      deleteIfIdle(client);
    };
  }

  function startNext(): void {
    if (running >= options.maxConcurrent) return;
    for (const client of turns) {
      if (client.running >= options.maxConcurrentPerClient) continue;
      const [next] = client.queue;
      // The next turn of this client comes after those of all others.
      turns.delete(client);
      turns.add(client);
      next?.start();
      return;
    }
  }

  function enqueue(client: Client): Promise<Release> {
    return new Promise((resolve, reject) => {
      const dequeue = () => {
        queued--;
        clearTimeout(task.timer);
        client.queue.splice(client.queue.indexOf(task), 1);
        if (client.queue.length === 0) turns.delete(client);
      };
      const rejectTask = () => {
        dequeue();
        deleteIfIdle(client);
        reject(createRejection());
      };
      const startTask = () => {
        dequeue();
        resolve(start(client));
      };
      const timer = setTimeout(rejectTask, options.waitMaxMs);
      const task: QueuedTask = { start: startTask, reject: rejectTask, timer };
      queued++;
      client.queue.push(task);
      turns.add(client);
    });
  }

  /**
   * Rejects the newest task of the client with the longest queue, unless that queue is no longer than this client's
   * would be. Returns whether a task was rejected.
   */
  function evictFor(client: Client): boolean {
    let longest = client;
    for (const each of turns) if (each.queue.length > longest.queue.length) longest = each;
    if (longest.queue.length <= client.queue.length + 1) return false;
    longest.queue.at(-1)?.reject();
    return true;
  }

  function deleteIfIdle(client: Client): void {
    if (client.running === 0 && client.queue.length === 0) clients.delete(client.name);
  }

  const findClient = (name: string) => clients.get(name) ?? { name, running: 0, queue: [] };

  function startNow(client: Client): Release | null {
    const canStart =
      running < options.maxConcurrent && client.running < options.maxConcurrentPerClient;
    if (!canStart) return null;
    clients.set(client.name, client);
    return start(client);
  }

  return {
    startNow: (name) => startNow(findClient(name)),
    async acquire(name) {
      const client = findClient(name);
      const release = startNow(client);
      if (release) return release;
      const canQueue =
        client.queue.length < options.maxQueuedPerClient &&
        (queued < options.maxQueued || evictFor(client));
      if (!canQueue) throw createRejection();
      clients.set(name, client);
      return enqueue(client);
    },
    queued: () => queued,
  };
}

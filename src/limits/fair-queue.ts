import { AppError } from '../errors/app-error.ts';

/** The bounds of a fair queue. */
export interface FairQueueOptions {
  /** Tasks at work, of all clients together. */
  places: number;
  /** Tasks at work of one client. */
  placesPerClient: number;
  /** Tasks that wait for a place, of all clients together. */
  waiting: number;
  /** Tasks of one client that wait for a place. */
  waitingPerClient: number;
  waitMaxMs: number;
  /** The message of the error for a refused client. */
  refusal: string;
}

/** Gives back a place; later calls do nothing. */
export type Release = () => void;

/**
 * Bounds concurrent work, and shares it among clients: where tasks wait, each client gets the next free place in turn,
 * however many tasks another client has in the queue.
 */
export interface FairQueue {
  /**
   * Resolves when the client's task has a place.
   * @throws AppError `unavailable` when too many tasks of this client wait, when too many of all clients wait and no other
   *   client has more of them, or when this task waited too long
   */
  acquire(client: string): Promise<Release>;
  /** Tasks that wait for a place. */
  waiting(): number;
}

interface Client {
  name: string;
  atWork: number;
  /** First in, first out. */
  waiting: Waiting[];
}

interface Waiting {
  grant: () => void;
  refuse: () => void;
  timer: NodeJS.Timeout;
}

/** Creates an empty queue. It holds memory for clients only while they have tasks at work or waiting. */
export function createFairQueue(options: FairQueueOptions): FairQueue {
  const clients = new Map<string, Client>();
  // Clients with waiting tasks. The one whose turn is next comes first.
  const turns = new Set<Client>();
  let atWork = 0;
  let waiting = 0;

  function start(client: Client): Release {
    atWork++;
    client.atWork++;
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      atWork--;
      client.atWork--;
      grantNext();
      forgetIfIdle(client);
    };
  }

  function grantNext(): void {
    if (atWork >= options.places) return;
    for (const client of turns) {
      if (client.atWork >= options.placesPerClient) continue;
      const [next] = client.waiting;
      // Behind all others, for its next turn.
      turns.delete(client);
      turns.add(client);
      next?.grant();
      return;
    }
  }

  function wait(client: Client): Promise<Release> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        waiting--;
        clearTimeout(entry.timer);
        client.waiting.splice(client.waiting.indexOf(entry), 1);
        if (client.waiting.length === 0) turns.delete(client);
      };
      const refuse = () => {
        leave();
        forgetIfIdle(client);
        reject(refusal());
      };
      const grant = () => {
        leave();
        resolve(start(client));
      };
      const entry: Waiting = { grant, refuse, timer: setTimeout(refuse, options.waitMaxMs) };
      waiting++;
      client.waiting.push(entry);
      turns.add(client);
    });
  }

  /** Makes room for a client's task, if another client has more of them waiting: then the newest of those is refused. */
  function makeRoomFor(client: Client): boolean {
    let longest = client;
    for (const each of turns) if (each.waiting.length > longest.waiting.length) longest = each;
    if (longest.waiting.length <= client.waiting.length + 1) return false;
    longest.waiting.at(-1)?.refuse();
    return true;
  }

  const refusal = () => new AppError('unavailable', options.refusal);

  function forgetIfIdle(client: Client): void {
    if (client.atWork === 0 && client.waiting.length === 0) clients.delete(client.name);
  }

  return {
    async acquire(name) {
      const client = clients.get(name) ?? { name, atWork: 0, waiting: [] };
      const hasPlace = atWork < options.places && client.atWork < options.placesPerClient;
      const mayWait =
        hasPlace ||
        (client.waiting.length < options.waitingPerClient &&
          (waiting < options.waiting || makeRoomFor(client)));
      if (!mayWait) throw refusal();
      clients.set(name, client);
      return hasPlace ? start(client) : wait(client);
    },
    waiting: () => waiting,
  };
}

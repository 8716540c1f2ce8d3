import type { RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * From the start of a request to the last byte of its response. A typical page needs 1 KB/s, and the largest (484 KB)
 * 9 KB/s. A response in several pieces has this time for each of them.
 */
const RESPONSE_MAX_MS = 60_000;
/** Unanswered requests of one connection. */
const PIPELINED_MAX = 16;

/**
 * A connection, which handles its requests one after another. Node emits all pipelined requests at once, so a client
 * that reads no response could start any number of requests. Closes the socket if the client sends too many, or does not
 * read a response, or a piece of it, within a minute.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #handle: RequestListener;
  /** The responses to unanswered requests, in their order. The first one is in progress. */
  readonly #open: ServerResponse[] = [];
  // Connections outlive requests, so each has one timer and one function for each event.
  #timer: NodeJS.Timeout | null = null;
  readonly #restartTimer = () => this.#timer?.refresh();
  readonly #startNext = () => {
    this.#open.shift();
    if (this.#open.length > 0) this.#start();
    else if (this.#isEnding) this.#socket.destroySoon();
  };
  #isLast = false;
  #isEnding = false;

  constructor(socket: Socket, handle: RequestListener) {
    this.#socket = socket;
    this.#handle = handle;
    socket.once('close', () => clearTimeout(this.#timer ?? undefined));
  }

  /** Handles a request when the responses to all earlier ones are finished. */
  receive(response: ServerResponse): void {
    if (this.#open.length >= PIPELINED_MAX) {
      this.#socket.destroy();
      return;
    }
    // The client has read all that was written, and a further piece follows.
    response.on('drain', this.#restartTimer);
    response.on('close', this.#startNext);
    if (this.#isLast) announceEnd(response);
    if (this.#open.push(response) === 1) this.#start();
  }

  /** Announces the end of the connection with each response that has not begun. */
  announceEnd(): void {
    this.#isLast = true;
    this.#open.forEach(announceEnd);
  }

  /** Closes the connection after the responses to all received requests, at once if there are none. */
  end(): void {
    this.#isEnding = true;
    if (this.#open.length === 0) this.#socket.destroy();
  }

  #start(): void {
    const [response] = this.#open;
    if (!response || this.#socket.destroyed) return;
    this.#timer ??= setTimeout(() => this.#closeIfOpen(), RESPONSE_MAX_MS);
    this.#timer.refresh();
    this.#handle(response.req, response);
  }

  #closeIfOpen(): void {
    if (this.#open.length > 0) this.#socket.destroy();
  }
}

function announceEnd(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

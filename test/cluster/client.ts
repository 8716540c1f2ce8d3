import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';

/** What came back; its `status` is 0 when nothing did. */
export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

/** How a client differs from a plain one. */
export interface ClientOptions {
  /** The address of this machine (127.0.0.0/8) that requests come from. */
  localAddress?: string;
  /** The authority's certificate, in PEM, for an https server on this machine under any name. */
  ca?: string;
  /** Headers of each request. */
  headers?: Record<string, string>;
}

const toThisMachine: LookupFunction = (_host, { all }, done) => {
  if (all) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};

/** A browser of sorts: it keeps cookies and its connection, and follows no redirect. */
export class Client {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #headers: Record<string, string>;
  readonly #cookies = new Map<string, string>();

  constructor(url: string, { localAddress = '127.0.0.1', ca, headers = {} }: ClientOptions = {}) {
    this.#url = url;
    this.#headers = headers;
    const options = { keepAlive: true, maxSockets: 1, localAddress };
    this.#agent =
      ca === undefined
        ? new Agent(options)
        : new TlsAgent({ ...options, ca, lookup: toThisMachine });
  }

  get(path: string): Promise<Answer> {
    return this.#ask('GET', path);
  }

  post(path: string, form: Record<string, string> = {}): Promise<Answer> {
    return this.#ask('POST', path, new URLSearchParams(form).toString());
  }

  async register(username: string, password = 'a password'): Promise<Answer> {
    const email = 'someone@example.com';
    return this.post('/register', { username, email, password, password2: password });
  }

  login(username: string, password = 'a password'): Promise<Answer> {
    return this.post('/login', { username, password });
  }

  /** The same browser, as it were, at another address. */
  at(url: string): Client {
    const other = new Client(url);
    for (const [name, value] of this.#cookies) other.#cookies.set(name, value);
    return other;
  }

  async #ask(method: string, path: string, form?: string): Promise<Answer> {
    const send = this.#url.startsWith('https:') ? tlsRequest : request;
    const asking = send(this.#url + path, {
      method,
      agent: this.#agent,
      headers: {
        ...this.#headers,
        Cookie: Array.from(this.#cookies, ([name, value]) => `${name}=${value}`).join('; '),
        ...(form !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
      },
    });
    asking.end(form);
    try {
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      this.#keepCookies(response.headers['set-cookie'] ?? []);
      return { status: response.statusCode ?? 0, headers: response.headers, text };
    } catch (error) {
      return { status: 0, headers: {}, text: String(error) };
    }
  }

  #keepCookies(lines: string[]): void {
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

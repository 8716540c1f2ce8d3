import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';

/** A response. The status is 0 if the connection failed. */
export interface ClientResponse {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

/** The options of a client. */
export interface ClientOptions {
  /** The source address of requests, in 127.0.0.0/8. */
  localAddress?: string;
  /** The PEM of the certificate authority for an https server. Every host name then resolves to this machine. */
  ca?: string;
  /** Additional headers of each request. */
  headers?: Record<string, string>;
}

const lookupLoopback: LookupFunction = (_host, { all }, done) => {
  if (all) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};

/** A client that stores cookies, reuses its connection, and does not follow redirects. */
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
        : new TlsAgent({ ...options, ca, lookup: lookupLoopback });
  }

  get(path: string): Promise<ClientResponse> {
    return this.#send('GET', path);
  }

  post(path: string, form: Record<string, string> = {}): Promise<ClientResponse> {
    return this.#send('POST', path, new URLSearchParams(form).toString());
  }

  async register(username: string, password = 'a password'): Promise<ClientResponse> {
    const email = 'someone@example.com';
    return this.post('/register', { username, email, password, password2: password });
  }

  login(username: string, password = 'a password'): Promise<ClientResponse> {
    return this.post('/login', { username, password });
  }

  /** Returns a client with the same cookies for another URL. */
  withUrl(url: string): Client {
    const other = new Client(url);
    for (const [name, value] of this.#cookies) other.#cookies.set(name, value);
    return other;
  }

  async #send(method: string, path: string, form?: string): Promise<ClientResponse> {
    const createRequest = this.#url.startsWith('https:') ? tlsRequest : request;
    const pending = createRequest(this.#url + path, {
      method,
      agent: this.#agent,
      headers: {
        ...this.#headers,
        Cookie: Array.from(this.#cookies, ([name, value]) => `${name}=${value}`).join('; '),
        ...(form !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
      },
    });
    pending.end(form);
    try {
      const [response] = (await once(pending, 'response')) as [IncomingMessage];
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      this.#storeCookies(response.headers['set-cookie'] ?? []);
      return { status: response.statusCode ?? 0, headers: response.headers, text };
    } catch (error) {
      return { status: 0, headers: {}, text: String(error) };
    }
  }

  #storeCookies(lines: string[]): void {
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

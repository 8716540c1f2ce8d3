import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';

/** What came back; its `status` is 0 when nothing did. */
export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

/** A browser of sorts: it keeps cookies and its connection, and follows no redirect. */
export class Client {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #cookies = new Map<string, string>();

  /** `localAddress` is the address of this machine (127.0.0.0/8) that requests come from. */
  constructor(url: string, { localAddress = '127.0.0.1' } = {}) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress });
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
    const asking = request(this.#url + path, {
      method,
      agent: this.#agent,
      headers: {
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

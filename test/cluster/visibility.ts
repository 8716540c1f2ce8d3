import type { Client } from './client.ts';
import { type Load, type LoadRequest, succeeded } from './load.ts';

/** A load that also checks whether acknowledged posts are visible. */
export interface VisibilityLoad extends Load {
  /** Returns the number of pages of authors that were read after an acknowledged post. */
  pages: () => number;
  /** The acknowledged posts that were missing on such a page. */
  missing: string[];
}

/**
 * Lets each of the clients of `createUsers` post, and read its author's page on the other instance as soon as the post is
 * acknowledged.
 */
export function startVisibilityLoad(clients: Client[], otherUrl: string): VisibilityLoad {
  const requests: LoadRequest[] = [];
  const missing: string[] = [];
  const end = new AbortController();
  let pages = 0;

  async function record(
    kind: LoadRequest['kind'],
    text: string,
    send: () => ReturnType<Client['get']>,
  ): Promise<string | null> {
    const startedAtMs = performance.now();
    const response = await send();
    const { status } = response;
    const request = { kind, status, startedAtMs, endedAtMs: performance.now(), text };
    requests.push(request);
    return succeeded(request) ? response.text : null;
  }

  async function run(client: Client, user: number): Promise<void> {
    const other = client.withUrl(otherUrl);
    for (let turn = 0; !end.signal.aborted; turn++) {
      const text = `post ${turn} of user ${user}.`;
      const posted = await record('post', text, () => client.post('/add_message', { text }));
      const page = await record('read', '', () => other.get(`/user${user}`));
      if (posted === null || page === null) continue;
      pages += 1;
      if (!page.includes(text)) missing.push(text);
    }
  }

  const runs = clients.map(run);
  return {
    requests,
    missing,
    pages: () => pages,
    async stop() {
      end.abort();
      await Promise.all(runs);
    },
  };
}

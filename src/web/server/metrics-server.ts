import { createServer } from 'node:http';
import { Registry } from 'prom-client';
import { listen } from './listen.ts';

/**
 * Shows figures at `/metrics` on a port of their own, which is for Prometheus and not for the public.
 * It ends with the process.
 * @throws OperatorError when the port cannot be had
 */
export async function serveMetrics(
  read: () => Promise<string>,
  { host, port }: { host: string; port: number },
): Promise<void> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end('The figures are at /metrics\n');
      return;
    }
    read().then(
      (text) => response.setHeader('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE).end(text),
      (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
    );
  });
  await listen(server, { host, port, setting: 'METRICS_PORT' });
}

import { createServer } from 'node:http';
import { Registry } from 'prom-client';
import { listen } from './listen.ts';

/**
 * Serves metrics for Prometheus at `/metrics`, on a port that is not public. The server runs until the process ends.
 * @throws OperatorError if the server cannot listen on the port
 */
export async function serveMetrics(
  read: () => Promise<string>,
  { host, port }: { host: string; port: number },
): Promise<void> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end('The metrics are at /metrics.\n');
      return;
    }
    read().then(
      (text) => response.setHeader('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE).end(text),
      (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
    );
  });
  await listen(server, { host, port, setting: 'METRICS_PORT' });
}

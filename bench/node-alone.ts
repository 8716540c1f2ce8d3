import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { SentResponse } from './node-responses.ts';

// The limit for a page: Node's own server, which sends the page's bytes with one write. It does nothing else.
const path = process.env.RESPONSES ?? '';
const responses = JSON.parse(readFileSync(path, 'utf8')) as SentResponse[];
let next = 0;

createServer((_req, res) => {
  const response = responses[next++ % responses.length];
  if (!response) throw new Error(`${path} has no response.`);
  res.writeHead(response.status, response.headers);
  // Node writes a string together with the headers.
  res.end(response.body, 'latin1');
}).listen(Number(process.env.PORT), '127.0.0.1');

// Replaces the network of an instance: the metadata service (version 2, which needs a token), the name server, a
// database that records and closes each connection, and two hosts that close each connection: one has a private
// address, the other a public address (TEST-NET-3).
import { createSocket } from 'node:dgram';
import { appendFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';

createHttpServer((request, response) => {
  if (request.method === 'PUT' && request.url === '/latest/api/token') {
    const isValid = request.headers['x-aws-ec2-metadata-token-ttl-seconds'] === '60';
    response.writeHead(isValid ? 200 : 400).end('a-token');
  } else if (request.headers['x-aws-ec2-metadata-token'] !== 'a-token') {
    response.writeHead(401).end();
  } else if (request.url === '/latest/meta-data/placement/region') {
    response.end('eu-test-1');
  } else {
    response.writeHead(404).end();
  }
}).listen(80, '169.254.169.254');

// Every name resolves to the address of the database.
const nameServer = createSocket('udp4', (query, from) => {
  const typeAt = query.indexOf(0, 12) + 1;
  const question = query.subarray(12, typeAt + 4);
  const isAddress = query.readUInt16BE(typeAt) === 1;
  const address = isAddress ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 169, 254, 169, 252] : [];
  const header = [...query.subarray(0, 2), 0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0];
  nameServer.send(Buffer.from([...header, ...question, ...address]), from.port, from.address);
});
nameServer.bind(53, '169.254.169.253');

createServer((socket) => {
  appendFileSync('/srv/database-calls', `${socket.localAddress}:${socket.localPort}\n`);
  socket.destroy();
}).listen(3306, '169.254.169.252');

for (const address of ['10.0.0.6', '203.0.113.9']) {
  createServer((socket) => socket.destroy()).listen(443, address);
}

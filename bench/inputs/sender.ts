// Sends requests from a separate process, so that the measured process only serves them.
import { connect } from 'node:net';

const HANG_MS = 60_000;

process.on('message', ({ port, bytes }: { port: number; bytes: string }) => {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').setTimeout(HANG_MS, () => socket.destroy());
  socket.on('data', (chunk: string) => (answer += chunk));
  // A server that refuses a request may close the connection before it has read all of it.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    process.send?.({ status: Number(answer.slice(9, 12)) });
  });
  socket.write(bytes);
});

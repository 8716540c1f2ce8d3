import { once } from 'node:events';
import { shutdownSignal } from '../../src/cli/shutdown-signal.ts';
import { errorMessage } from '../../src/errors/error-message.ts';

// Handles signals as a command does. It sends the test these messages: `ready`, the reason of its shutdown signal, and
// `printed` or `ended` when the test has requested to print or to end.
const [maxHours] = process.argv.slice(2);

const signal = shutdownSignal(Number(maxHours), (line) => console.log(line));
process.on('message', (word) => {
  if (word === 'fail') void Promise.reject(new Error('A fault.'));
  if (word === 'print') process.stdout.write('A line.\n', () => setImmediate(sendPrinted));
  if (word === 'end') process.send?.('ended', () => process.exit());
});
const sendPrinted = () => process.send?.('printed');
process.send?.('ready');
await once(signal, 'abort');
process.send?.(errorMessage(signal.reason));

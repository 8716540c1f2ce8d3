import { once } from 'node:events';
import { shutdownSignal } from '../../src/cli/shutdown-signal.ts';
import { errorMessage } from '../../src/errors/error-message.ts';

// Handles signals as a command does. Sends messages to the test that started it: that it is ready, why it is stopped,
// and that it has printed or is about to exit when the test requested that.
const [maxHours] = process.argv.slice(2);

const signal = shutdownSignal(Number(maxHours), (line) => console.log(line));
process.on('message', (word) => {
  if (word === 'fail') void Promise.reject(new Error('A fault.'));
  if (word === 'print') process.stdout.write('A line.\n', () => setImmediate(tellPrinted));
  if (word === 'end') process.send?.('ended', () => process.exit());
});
const tellPrinted = () => process.send?.('printed');
process.send?.('ready');
await once(signal, 'abort');
process.send?.(errorMessage(signal.reason));

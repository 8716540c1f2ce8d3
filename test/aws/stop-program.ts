import { once } from 'node:events';
import { hearStops } from '../../src/aws/stop.ts';
import { messageOf } from '../../src/errors.ts';

// Hears stops as a command does. It tells its parent that it listens, why it is stopped, and what it has done when its
// parent tells it to print or to end.
const [maxHours] = process.argv.slice(2);

const signal = hearStops(Number(maxHours), (line) => console.log(line));
process.on('message', (word) => {
  if (word === 'fail') void Promise.reject(new Error('A fault.'));
  if (word === 'print') process.stdout.write('A line.\n', () => setImmediate(tellPrinted));
  if (word === 'end') process.send?.('ended', () => process.exit());
});
const tellPrinted = () => process.send?.('printed');
process.send?.('ready');
await once(signal, 'abort');
process.send?.(messageOf(signal.reason));

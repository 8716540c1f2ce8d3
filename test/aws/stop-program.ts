import { once } from 'node:events';
import { hearStops } from '../../src/aws/stop.ts';
import { messageOf } from '../../src/errors.ts';

// Hears stops as a command does. It tells its parent that it listens, why it is stopped, and, once it is told to
// end, that it has ended in order.
const [maxHours] = process.argv.slice(2);

const signal = hearStops(Number(maxHours), (line) => console.log(line));
process.on('message', (word) => {
  if (word === 'fail') void Promise.reject(new Error('A fault.'));
  if (word === 'end') process.send?.('ended', () => process.exit());
});
process.send?.('ready');
await once(signal, 'abort');
process.send?.(messageOf(signal.reason));

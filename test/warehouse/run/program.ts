import { createEc2 } from '../../../src/aws/clients.ts';
import { hearStops } from '../../../src/aws/stop.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { fakeParts } from './parts.ts';

// A run in a process of its own, which others kill. It tells each point that it comes to, and goes on from there
// when it is told to.
const [folder = '', volumeId = '', maxHours = ''] = process.argv.slice(2);

const told = () => new Promise((done) => process.once('message', done));
// a fault that nobody catches
const failLater = () => setTimeout(() => void Promise.reject(new Error('A fault.')));
const { pace, ...parts } = fakeParts(folder, volumeId, async (point) => {
  process.send?.({ point });
  if ((await told()) === 'fail') failLater();
});
const print = (line: string) => console.log(line);
const signal = hearStops(Number(maxHours), print);
try {
  await run(
    { ...parts, pace: { ...pace, stopMaxMs: 1000 }, ec2: createEc2(), print, signal },
    { keep: false },
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  process.disconnect();
}

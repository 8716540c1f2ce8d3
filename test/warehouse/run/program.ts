import { createEc2 } from '../../../src/aws/clients.ts';
import { hearStops } from '../../../src/aws/stop.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { fakeParts } from './parts.ts';

// A run in a process of its own, which tests kill. At each point it tells its parent, and waits for an answer.
const [folder = '', volumeId = ''] = process.argv.slice(2);

const parts = fakeParts(folder, volumeId, async (point) => {
  const answer = new Promise((done) => process.once('message', done));
  process.send?.({ point });
  await answer;
});
const print = (line: string) => console.log(line);
try {
  await run({ ...parts, ec2: createEc2(), print, signal: hearStops(1, print) }, { keep: false });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  process.disconnect();
}

import { createEc2 } from '../../../src/aws/clients.ts';
import { shutdownSignal } from '../../../src/cli/shutdown-signal.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { fakeParts } from './parts.ts';

// A run in a process of its own, to which tests send signals. At each point it sends a message to the test, and waits for
// the answer.
const [folder = '', volumeId = ''] = process.argv.slice(2);

const parts = fakeParts(folder, volumeId, async (point) => {
  const answer = new Promise((done) => process.once('message', done));
  process.send?.({ point });
  await answer;
});
const print = (line: string) => console.log(line);
try {
  await run(
    { ...parts, ec2: createEc2(), print, signal: shutdownSignal(1, print) },
    { keep: false },
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  process.disconnect();
}

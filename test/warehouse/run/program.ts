import { createEc2 } from '../../../src/aws/clients.ts';
import { shutdownSignal } from '../../../src/cli/shutdown-signal.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { createFakeContext } from './fake-context.ts';

// A run in its own process, to which tests send signals. At each point it sends a message to the test, and waits for
// the answer.
const [folder = '', volumeId = ''] = process.argv.slice(2);

const print = (line: string) => console.log(line);
const given = { ec2: createEc2(), folder, print, signal: shutdownSignal(1, print) };
const context = createFakeContext(given, volumeId, async (point) => {
  const answer = new Promise((done) => process.once('message', done));
  process.send?.({ point });
  await answer;
});
try {
  await run(context, { keep: false });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  process.disconnect();
}

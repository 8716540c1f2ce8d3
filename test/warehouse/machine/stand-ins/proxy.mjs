// What a bastion does: brings an ssh to a port that is not reached from here.
import { connect } from 'node:net';

const connection = connect(22, '127.0.0.1');
process.stdin.pipe(connection).pipe(process.stdout);
connection.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
connection.on('close', () => process.exit());

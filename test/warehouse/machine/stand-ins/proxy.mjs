// Connects ssh to a port that is not reachable directly, as a bastion does.
import { connect } from 'node:net';

const connection = connect(22, '127.0.0.1');
process.stdin.pipe(connection).pipe(process.stdout);
connection.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
connection.on('close', () => process.exit());

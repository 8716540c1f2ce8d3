import { testBadInput } from '../support/bad-input.ts';
import { createVisitor } from '../support/minitwit.ts';
import { useCluster } from './cluster.ts';

const cluster = useCluster();
const visitor = () => createVisitor(cluster().url);

// the same as without a load balancer
testBadInput({
  origin: () => cluster().url,
  database: () => cluster().database,
  visitor,
  async user(username) {
    const someone = visitor();
    await someone.register(username, 'a password');
    await someone.login(username, 'a password');
    return someone;
  },
});

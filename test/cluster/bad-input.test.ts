import { testBadInput } from '../support/bad-input.ts';
import { createUser, createVisitor } from '../support/minitwit.ts';
import { useCluster } from './cluster.ts';

const cluster = useCluster();

// test/web/bad-input.test.ts runs these tests without a load balancer.
testBadInput({
  origin: () => cluster().url,
  database: () => cluster().database,
  visitor: () => createVisitor(cluster().url),
  user: (username) => createUser(cluster().url, username),
});

import { testBadInput } from '../support/bad-input.ts';
import { createUser, createVisitor } from '../support/minitwit.ts';
import { useCluster } from './cluster.ts';

// No bad input leads to a mail, so no mail server is needed.
const settings = {
  MAIL_URL: 'smtp://localhost:1',
  MAIL_FROM: 'noreply@example.com',
  SITE_URL: 'https://example.com',
};
const cluster = useCluster({ settings });

// test/web/bad-input.test.ts runs these tests without a load balancer.
testBadInput({
  origin: () => cluster().url,
  database: () => cluster().database,
  visitor: () => createVisitor(cluster().url),
  user: (username) => createUser(cluster().url, username),
});

// Preloaded into an instance: the name `database.test` leads to the address that stands in a file, as the
// name of a database leads elsewhere after a failover.
import dns from 'node:dns';
import { readFileSync } from 'node:fs';

const lookUp = dns.lookup;

dns.lookup = ((name: string, options: dns.LookupOptions, done: never) => {
  const address = readFileSync(process.env.ADDRESS_OF_DATABASE_TEST ?? '', 'utf8');
  lookUp(name === 'database.test' ? address : name, options, done);
}) as typeof dns.lookup;

// An instance preloads this module. The name `database.test` then resolves to the address in a file, so that a test can
// move the name to another server, like a failover of RDS.
import dns from 'node:dns';
import { readFileSync } from 'node:fs';

const lookUp = dns.lookup;

dns.lookup = ((name: string, options: dns.LookupOptions, done: never) => {
  const address = readFileSync(process.env.ADDRESS_OF_DATABASE_TEST ?? '', 'utf8');
  lookUp(name === 'database.test' ? address : name, options, done);
}) as typeof dns.lookup;

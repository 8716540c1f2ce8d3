import { expect, test } from 'vitest';
import { renderInitdbScript } from '../../../src/cloud/database/initdb-script.ts';

test('the script passes its parameters unchanged to the shell', async () => {
  const region = `'; touch /tmp/x; echo '`;
  const script = await renderInitdbScript({
    region,
    endpoint: '$(id)',
    masterSecret: '$&',
    databasePassword: '`id`',
    readerPassword: null,
  });
  expect(script).toContain(`export AWS_REGION=''\\''; touch /tmp/x; echo '\\'''\n`);
  expect(script).toContain(`export DB_HOST='$(id)'\n`);
  expect(script).toContain(`export MASTER_SECRET='$&'\n`);
  expect(script).toContain("export DATABASE_PASSWORD='`id`'\n");
  expect(script).toContain("export READER_PASSWORD=''\n");
  // Run Command would replace these as parameters of its own.
  expect(script).not.toContain('{{');
});

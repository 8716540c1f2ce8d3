import { expect, test } from 'vitest';
import { renderScript } from '../../src/aws/render-script.ts';

test('a value replaces the default of its variable, and other variables are unchanged', async () => {
  const script = await renderScript('warehouse.sh', { MOUNT_DIR: '/data', VOLUME_ID: 'vol-1' });
  expect(script).toContain("\nexport MOUNT_DIR='/data'\n");
  expect(script).toContain("\nexport VOLUME_ID='vol-1'\n");
  expect(script).toContain("\nexport VOLUME_DEVICE='/dev/sdf'\n");
});

test('a script for Run Command contains the functions that it includes', async () => {
  const script = await renderScript('restart.sh', { MAY_RESTART: 'yes' });
  expect(script).toContain("\nexport MAY_RESTART='yes' # yes or no\n");
  expect(script).toContain('\nread_secret() {\n');
  expect(script).not.toContain('$(dirname "$0")');
});

test('the name of a variable that the script does not have is an error', async () => {
  await expect(renderScript('restart.sh', { MAY: 'yes' })).rejects.toThrow(
    'userdata/restart.sh has no variable MAY.',
  );
});

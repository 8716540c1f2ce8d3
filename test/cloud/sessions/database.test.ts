import { expect, test } from 'vitest';
import { openDatabasePrompt } from '../../../src/cloud/commands/database.ts';
import { installFakePlugin } from './fake-plugin.ts';
import { openSessionStack } from './session-fixture.ts';

test.each([
  [false, 'minitwit_reader minitwit-ReaderPassword'],
  [true, 'minitwit minitwit-DatabasePassword'],
])(
  '`cloud database` with write access %s runs the prompt on a healthy instance',
  async (canWrite, login) => {
    const { open } = await openSessionStack([{ id: 'i-1', health: 'unhealthy' }, { id: 'i-2' }]);
    const plugin = await installFakePlugin();
    expect(await openDatabasePrompt(open(), { canWrite, env: plugin.env })).toBe(0);
    const { parameters } = await plugin.readCall();
    expect(JSON.parse(parameters[4] ?? '')).toEqual({
      Target: 'i-2',
      DocumentName: 'AWS-StartInteractiveCommand',
      Parameters: {
        command: [
          `sudo bash /opt/minitwit/database.sh us-east-1 database-1.rds.amazonaws.com ${login}`,
        ],
      },
    });
  },
);

test('`cloud database` of a stack without a reader explains how to create it', async () => {
  const { open } = await openSessionStack([{ id: 'i-1' }], { ReaderPassword: undefined });
  const { env } = await installFakePlugin();
  await expect(openDatabasePrompt(open(), { canWrite: false, env })).rejects.toThrow(
    'The database of minitwit has no user who may only read. Run npm run cloud -- up --set SetUp=yes to create it.',
  );
});

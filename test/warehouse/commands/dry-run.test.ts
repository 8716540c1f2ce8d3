import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { dryRun } from '../../../src/warehouse/commands/dry-run.ts';
import { run } from '../../../src/warehouse/commands/run.ts';
import { startMysql, stopMysql } from '../../../src/warehouse/instance/mysql.ts';
import { mountVolume, unmountVolume } from '../../../src/warehouse/instance/volume.ts';
import { RemoteCommandError } from '../../../src/warehouse/ssh/ssh-errors.ts';
import { createRunFixture } from '../run/fixture.ts';

type Fixture = Awaited<ReturnType<typeof createRunFixture>>;

/** Creates an ssh connection to an instance whose volume is not mounted. It calls `onCommand` with each command. */
function createConnection(onCommand: (command: string) => void) {
  let isMounted = false;
  return {
    mysqlPort: 1,
    lost: new AbortController().signal,
    close: async () => undefined,
    run: async (program: string[]) => {
      onCommand(program.join(' '));
      if (program[0] === 'findmnt') {
        if (isMounted) return 'DEVICE';
        throw new RemoteCommandError('findmnt', { status: 1, stdout: '', stderr: '' });
      }
      if (program.includes('mount')) isMounted = true;
      if (program.includes('blkid')) return 'DEVICE\n';
      return program[0] === 'df' ? 'Avail 1B-blocks\n999999999 999999999\n' : '';
    },
  };
}

/** Runs the whole cycle. Returns EC2's requests that change something, and the commands on the instance, in order. */
async function recordRun({ aws, context }: Fixture): Promise<string[]> {
  const recorded: string[] = [];
  let seen = aws.actions.length;
  const recordRequests = () => {
    recorded.push(...aws.actions.slice(seen).filter((request) => !/^(Describe|Get)/.test(request)));
    seen = aws.actions.length;
  };
  const connection = createConnection((command) => {
    recordRequests();
    recorded.push(command);
  });
  const connect = async () => connection;
  const operations = { connect, mountVolume, unmountVolume, startMysql, stopMysql };
  await run({ ...context, operations }, { keep: false });
  recordRequests();
  return recorded;
}

test('a dry run prints the requests and commands of a run in order, and sends none of them', async () => {
  const fixture = await createRunFixture();
  await dryRun(fixture.context);
  const end = fixture.lines.findIndex((line) => line.startsWith('Nothing was changed.'));
  const planned = fixture.lines
    .slice(0, end)
    .map((line) => line.replace(/^([A-Z]\w+) \{.*$/, '$1'))
    .filter((line) => !/^(ssh|copy|export|analyse,) /.test(line));
  expect(fixture.aws.account.instances).toEqual([]);
  expect(fixture.passed).toEqual([]);
  expect(await readdir(fixture.context.folder)).toEqual([]);

  expect(planned).toEqual(await recordRun(fixture));
});

test('a dry run prints what is copied to where, and no password', async () => {
  const fixture = await createRunFixture();
  fixture.context.config.bucket = 'minitwit-dumps';
  await dryRun(fixture.context);
  const output = fixture.lines.join('\n');
  expect(output).toContain(`"ImageId":"ami-0123456789abcdef0","InstanceType":"t3.large"`);
  expect(output).toContain("\\nexport END_AFTER_MINUTES='510'\\n");
  expect(output).toContain(`AttachVolume {"VolumeId":"${fixture.volumeId}"`);
  expect(output).toContain('copy reader@db.example:3306/minitwit to analyst@i-0');
  expect(output).toContain('/minitwit, without credentials, at most 5000 rows a second');
  expect(output).toMatch(/to s3:\/\/minitwit-dumps\/runs\/\w+-\w{4}\/$/m);
  expect(output).not.toContain('not to be seen');
});

test('a dry run prints that AWS allows each request', async () => {
  const { context, lines } = await createRunFixture();
  await dryRun(context);
  expect(lines.filter((line) => /^ {2}ec2:\w+: allowed$/.test(line))).toHaveLength(6);
});

test('a dry run fails when AWS does not allow a request', async () => {
  const { aws, context } = await createRunFixture();
  aws.deniedActions.add('RunInstances').add('CreateSnapshot');
  await expect(dryRun(context)).rejects.toThrow(
    /^AWS does not allow ec2:RunInstances, ec2:CreateSnapshot\. /,
  );
});

test('a dry run does not fail for requests that AWS allows only on a tagged instance', async () => {
  const { aws, context, lines } = await createRunFixture();
  const actions = ['AttachVolume', 'CreateTags', 'DetachVolume', 'TerminateInstances'];
  for (const action of actions) aws.deniedActions.add(action);
  await dryRun(context);
  for (const action of actions) {
    expect(lines).toContain(`  ec2:${action}: unknown until the instance exists`);
  }
});

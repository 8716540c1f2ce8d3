import { resolve } from 'node:path';
import { runInstancesInput } from '../../aws/ec2/launch.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { runKey } from '../bucket/keys.ts';
import * as commands from '../instance/instance-commands.ts';
import { reportFolder } from '../report/folders.ts';
import type { RunContext } from '../context.ts';
import { newState, openRun, type ActiveRun } from '../run/active-run.ts';
import { connectCommand } from '../ssh/ssh-commands.ts';
import { attachmentInput } from '../steps/attach-step.ts';
import { preflightCheck } from '../steps/preflight-check.ts';
import { warehouseAccount } from '../steps/mysql-steps.ts';
import { snapshotInput } from '../steps/snapshot-steps.ts';
import { launchOptions } from '../steps/instance-step.ts';
import { KEPT_UNTIL_TAG } from '../tags.ts';
import type { CopyOrder } from '../steps/copy-job.ts';
import { checkPermissions, NOT_ALLOWED } from './permissions.ts';

// What there will be an id of.
const INSTANCE_ID = 'i-00000000000000000';
// What Linux will call the volume.
const DEVICE = 'DEVICE';

/**
 * Says every step of a run with its real arguments, and asks AWS whether it would be allowed; nothing is changed.
 * @throws OperatorError when something is missing that can be known before, or is not allowed
 */
export async function dryRun(context: RunContext & { order: CopyOrder }): Promise<void> {
  const { ec2, order, print } = context;
  const state = newState(context.config, await preflightCheck(context));
  state.instanceId = INSTANCE_ID;
  const planned = openRun(context, state);
  const plan = [...sayWayIn(planned), ...sayWork(planned, order), ...sayWayOut(planned)];
  for (const line of plan) print(line);
  print(`Nothing was changed; ${INSTANCE_ID} stands for an instance that there is not yet.`);

  const permissions = await checkPermissions(ec2, {
    launch: runInstancesInput(launchOptions(planned)),
    attachment: attachmentInput(planned),
    snapshot: snapshotInput(planned),
    tag: { Key: KEPT_UNTIL_TAG, Value: 'dry run' },
  });
  for (const { action, answer } of permissions) print(`  ec2:${action}: ${answer}`);
  const denied = permissions.filter(({ answer }) => answer === NOT_ALLOWED);
  if (denied.length === 0) return;
  const actions = denied.map(({ action }) => `ec2:${action}`).join(', ');
  throw new OperatorError(
    `AWS does not allow ${actions}: the IAM policy in docs/warehouse.md does.`,
  );
}

function sayWayIn(run: ActiveRun): string[] {
  const { config } = run;
  const launch = launchOptions(run);
  const login = { user: config.sshUser, address: 'ADDRESS', keyFile: resolve(config.keyFile) };
  const tunnel = { port: 3306, socket: commands.MYSQL_SOCKET };
  const trust = config.hostKey === 'console' ? 'pinned' : 'first-seen';
  const ssh = connectCommand({ ...login, instanceId: INSTANCE_ID }, tunnel, trust);
  const onInstance = [
    commands.findDevices(commands.VOLUME_LABEL),
    commands.findMounted(config.mountDir),
    commands.checkFilesystem(DEVICE),
    commands.growFilesystem(DEVICE),
    commands.asRoot('mkdir', '-p', config.mountDir),
    commands.mount(DEVICE, config.mountDir),
    commands.diskUsage(config.mountDir),
    commands.systemctl('start'),
    commands.sql(),
  ];
  return [
    `RunInstances ${JSON.stringify({ ...runInstancesInput(launch), UserData: launch.userData })}`,
    `${ssh.join(' ')}  (key: ${config.hostKey})`,
    `AttachVolume ${JSON.stringify(attachmentInput(run))}`,
    ...onInstance.map((command) => command.join(' ')),
  ];
}

function sayWork(
  run: ActiveRun,
  { source, withCredentials, maxRowsPerSecond }: CopyOrder,
): string[] {
  const { config, folder, state } = run;
  const { user, name } = warehouseAccount(run);
  const from = `${source.user}@${source.host}:${source.port}/${source.name}`;
  const credentials = withCredentials ? 'with credentials' : 'without credentials';
  const rate = maxRowsPerSecond === null ? '' : `, at most ${maxRowsPerSecond} rows a second`;
  return [
    `copy ${from} to ${user}@${INSTANCE_ID}/${name}, ${credentials}${rate}`,
    `analyse, and report to ${reportFolder(folder, state.runId)}`,
    ...(config.bucket === null
      ? []
      : [`upload report, statistics and dump to s3://${config.bucket}/${runKey(state.runId, '')}`]),
  ];
}

function sayWayOut(run: ActiveRun): string[] {
  const { config } = run;
  const onInstance = [
    commands.systemctl('stop'),
    commands.waitForVolumeLock(),
    commands.findMounted(config.mountDir),
    commands.asRoot('umount', config.mountDir),
  ];
  const ids = { VolumeId: config.volumeId, InstanceId: INSTANCE_ID };
  return [
    ...onInstance.map((command) => command.join(' ')),
    `DetachVolume ${JSON.stringify(ids)}`,
    commands.powerOff().join(' '),
    `CreateSnapshot ${JSON.stringify(snapshotInput(run))}`,
    `TerminateInstances ${JSON.stringify({ InstanceIds: [INSTANCE_ID] })}`,
  ];
}

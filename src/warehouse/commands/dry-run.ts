import { OperatorError } from '../../errors.ts';
import { askPermissions } from '../ec2/dry-run.ts';
import { launchInput } from '../ec2/launch.ts';
import { findDevices, mount, MYSQL_SOCKET, systemctl, VOLUME_LABEL } from '../instance/commands.ts';
import { newState, openRun, type Parts, type Run } from '../run/run.ts';
import { connectCommand } from '../ssh/commands.ts';
import { attachmentOf } from '../steps/attach.ts';
import { check } from '../steps/check.ts';
import { snapshotOf } from '../steps/snapshot.ts';
import { launchOf } from '../steps/start-instance.ts';

// What there will be an id of.
const INSTANCE_ID = 'i-00000000000000000';

/**
 * Says every step of a run with its real arguments, and asks AWS whether it would be allowed; nothing is changed.
 * @throws OperatorError when something is missing that can be known before, or is not allowed
 */
export async function dryRun(parts: Parts): Promise<void> {
  const { ec2, print } = parts;
  const state = newState(parts.config, await check(parts));
  state.instanceId = INSTANCE_ID;
  const planned = openRun(parts, state);
  for (const line of sayPlan(planned)) print(line);
  print(`Nothing was changed; ${INSTANCE_ID} stands for an instance that there is not yet.`);

  const permissions = await askPermissions(ec2, {
    launch: launchInput(launchOf(planned)),
    attachment: attachmentOf(planned),
    snapshot: snapshotOf(planned),
  });
  for (const { action, answer } of permissions) print(`  ec2:${action}: ${answer}`);
  const denied = permissions.filter(({ answer }) => answer === 'not allowed');
  if (denied.length === 0) return;
  const actions = denied.map(({ action }) => `ec2:${action}`).join(', ');
  throw new OperatorError(
    `AWS does not allow ${actions}: the IAM policy in docs/warehouse.md does.`,
  );
}

function sayPlan(run: Run): string[] {
  const { config } = run;
  const launch = launchOf(run);
  const login = { user: config.sshUser, address: 'ADDRESS', keyFile: config.keyFile };
  const tunnel = { port: 3306, socket: MYSQL_SOCKET };
  const trust = config.hostKey === 'console' ? 'pinned' : 'first-seen';
  const ssh = connectCommand({ ...login, instanceId: INSTANCE_ID }, tunnel, trust);
  const ids = { VolumeId: config.volumeId, InstanceId: INSTANCE_ID };
  return [
    `RunInstances ${JSON.stringify({ ...launchInput(launch), UserData: launch.userData })}`,
    `${ssh.join(' ')}  (key: ${config.hostKey})`,
    `AttachVolume ${JSON.stringify(attachmentOf(run))}`,
    findDevices(VOLUME_LABEL).join(' '),
    mount('DEVICE', config.mountDir).join(' '),
    systemctl('start').join(' '),
    'copy, check, analyse, report',
    systemctl('stop').join(' '),
    `umount ${config.mountDir}`,
    `DetachVolume ${JSON.stringify(ids)}`,
    `CreateSnapshot ${JSON.stringify(snapshotOf(run))}`,
    `TerminateInstances ${JSON.stringify({ InstanceIds: [INSTANCE_ID] })}`,
  ];
}

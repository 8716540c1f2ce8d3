import { z } from 'zod';
import { renderScript } from '../../aws/render-script.ts';
import type { CloudContext } from '../context.ts';
import { readRegion } from '../region.ts';
import type { Outputs } from '../stack/outputs.ts';
import { replaceInstances } from './replace-instances.ts';
import { runCommand } from './run-command.ts';
import { requireScalingGroup } from './scaling-group.ts';
import { waitUntilHealthy } from './wait-until-healthy.ts';

const RESTARTED_MAX_MS = 10 * 60_000;

/** A version of a secret that the servers must use. */
export interface RequiredSecret {
  /** The ARN. */
  id: string;
  versionId: string;
}

/** The secrets that the servers must use. */
export interface RequiredSecrets {
  databasePassword: RequiredSecret;
  sessionSecret: RequiredSecret;
}

const outcomeSchema = z.enum(['current', 'restarted', 'outdated']);

/**
 * Restarts the servers that do not use these versions of the secrets, one after the other. Each server is drained first,
 * and the next one waits until all instances are healthy in the load balancer. A single instance is replaced instead,
 * since its restart would interrupt the site. Idempotent.
 * @throws OperatorError when an instance does not become healthy. The other instances continue to serve
 */
export async function restartInstances(
  cloud: CloudContext,
  outputs: Outputs,
  secrets: RequiredSecrets,
): Promise<void> {
  const done = new Set<string>();
  for (;;) {
    // The order of the ids is fixed, so that the commands of two operators never restart two instances at once.
    const ids = await waitUntilHealthy(cloud, outputs);
    const id = ids.find((each) => !done.has(each));
    if (id === undefined) return;
    const outcome = await restart(cloud, outputs, id, { secrets, mayRestart: ids.length > 1 });
    if (outcome === 'gone') {
      cloud.log(`${id} was terminated. Its replacement reads the new secrets.`);
    } else if (outcome === 'outdated') {
      cloud.log(`Replacing ${id}, since a restart of the only instance would interrupt the site …`);
      await replaceInstances(cloud, { evenCurrent: true });
    } else {
      cloud.log(outcome === 'restarted' ? `Restarted ${id}.` : `${id} uses the new secrets.`);
      done.add(id);
    }
  }
}

/** Runs the script on an instance. A spot instance can be terminated meanwhile. */
async function restart(
  cloud: CloudContext,
  outputs: Outputs,
  instanceId: string,
  { secrets, mayRestart }: { secrets: RequiredSecrets; mayRestart: boolean },
): Promise<'current' | 'restarted' | 'outdated' | 'gone'> {
  const script = await renderRestartScript(cloud, secrets, mayRestart);
  try {
    const output = await runCommand(cloud, instanceId, {
      comment: 'Restarting MiniTwit',
      script,
      maxMs: RESTARTED_MAX_MS,
      logGroup: outputs.logs,
    });
    return outcomeSchema.parse(output.trim().split('\n').at(-1));
  } catch (error) {
    cloud.signal.throwIfAborted();
    const { members } = await requireScalingGroup(cloud.clients.autoScaling, outputs.instances);
    const isInService = members.some(({ id, state }) => id === instanceId && state === 'InService');
    if (isInService) throw error;
    return 'gone';
  }
}

async function renderRestartScript(
  cloud: CloudContext,
  { databasePassword, sessionSecret }: RequiredSecrets,
  mayRestart: boolean,
): Promise<string> {
  return renderScript('restart.sh', {
    AWS_REGION: await readRegion(cloud.clients),
    DATABASE_PASSWORD: databasePassword.id,
    DATABASE_PASSWORD_VERSION: databasePassword.versionId,
    SESSION_SECRET: sessionSecret.id,
    SESSION_SECRET_VERSION: sessionSecret.versionId,
    MAY_RESTART: mayRestart ? 'yes' : 'no',
  });
}

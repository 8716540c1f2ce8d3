import { runInstancesInput } from '../../aws/ec2/launch.ts';
import { createImageInput } from '../../aws/ec2/create-image.ts';
import { formatAge } from '../../cli/times.ts';
import type { CloudContext } from '../context.ts';
import { renderInstallScript } from './install-script.ts';
import type { Plan } from './plan.ts';
import { listOldImages, sayOldImage } from './prune.ts';
import {
  bucketOf,
  groupInput,
  imageOrderOf,
  imageTags,
  launchOf,
  nameOf,
  roleInputs,
  SOURCE_KEY,
} from './requests.ts';
import { listUnfinished } from './unfinished.ts';

// What there will be an id of.
const GROUP_ID = 'sg-00000000000000000';
const INSTANCE_ID = 'i-00000000000000000';
const IMAGE_ID = 'ami-00000000000000000';

/** Says every step with its real arguments; nothing is changed. */
export async function printPlan({ clients, print }: CloudContext, plan: Plan): Promise<void> {
  const unfinished = await listUnfinished(clients);
  for (const { runId, startedAt, mayGoOn } of unfinished) {
    const fate = mayGoOn ? 'Leaving alone' : 'Removing what is left of';
    print(`${fate} an image that was begun ${formatAge(startedAt)} ago (${runId})`);
  }
  const region = await clients.iam.config.region();
  for (const line of [...sayWayIn(plan, region), ...sayWayOut(plan)]) print(line);
  for (const old of await listOldImages(clients, 1)) print(sayOldImage(old));
  print(`Nothing was changed; ${GROUP_ID} and the like stand for what there is not yet.`);
}

function sayWayIn(plan: Plan, region: string): string[] {
  const { role, policy, profile, membership } = roleInputs(plan.runId, region);
  const { archive, sha256 } = plan.source;
  const launch = launchOf(plan, GROUP_ID);
  const order = imageOrderOf(plan, INSTANCE_ID);
  const say = (request: string, input: object) => `${request} ${JSON.stringify(input)}`;
  return [
    say('CreateRole', role),
    say('PutRolePolicy', policy),
    say('CreateInstanceProfile', profile),
    say('AddRoleToInstanceProfile', membership),
    say('CreateBucket', { Bucket: bucketOf(plan.runId) }),
    `${say('PutObject', { Bucket: bucketOf(plan.runId), Key: SOURCE_KEY })} (${archive.length} bytes)`,
    say('CreateSecurityGroup', groupInput(plan)),
    say('RunInstances', { ...runInstancesInput(launch), UserData: launch.userData }),
    `SendCommand to ${INSTANCE_ID}:\n${renderInstallScript({ url: 'URL', sha256 })}`,
    say('StopInstances', { InstanceIds: [INSTANCE_ID] }),
    say('CreateImage', createImageInput(order)),
    say('CreateTags', { Resources: [IMAGE_ID], Tags: imageTags(plan) }),
  ];
}

function sayWayOut({ runId }: Plan): string[] {
  return [
    `TerminateInstances ${INSTANCE_ID}`,
    `DeleteSecurityGroup ${GROUP_ID}`,
    `DeleteBucket ${bucketOf(runId)}`,
    `DeleteInstanceProfile ${nameOf(runId)}`,
    `DeleteRole ${nameOf(runId)}`,
  ];
}

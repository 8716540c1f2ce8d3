import type { IamRequest } from './simulate.ts';

/** The facts about an account on which IAM decides. */
export interface Account {
  id: string;
  region: string;
  /** Returns the tags of a resource of EC2 or of a load balancer, by its id or ARN. */
  readTags: (id: string) => Promise<Record<string, string>>;
  /** Returns the ARN of a role and that of its permissions boundary. */
  readRole: (name: string) => Promise<{ arn: string; boundary: string | null }>;
  /** Returns the ARN of an instance profile and the name of its role. */
  readInstanceProfile: (name: string) => Promise<{ arn: string; role: string }>;
}

/**
 * Lists the requests that a request of the SDK is for IAM.
 * @param action IAM's name of the action, which is that of the request unless a lister sets another one
 */
export type Lister = (
  action: string,
  input: never,
  account: Account,
) => IamRequest[] | Promise<IamRequest[]>;

/** Returns a lister of one request, whose resource has this ARN. */
export function onArn(format: (input: never, account: Account) => string): Lister {
  return (action, input, account) => [{ action, resource: format(input, account) }];
}

/** Returns a lister of the requests of these actions, in place of the action of the SDK's name. */
export function withActions(actions: string[], list: Lister): Lister {
  return async (_, input, account) => {
    const requests = actions.map(async (action) => list(action, input, account));
    return (await Promise.all(requests)).flat();
  };
}

/** Lists the request of an action without a resource, or on any resource. */
export const onAny: Lister = (action) => [{ action, resource: '*' }];

/** Returns the values of condition keys such as `aws:ResourceTag/minitwit:stack`. */
export function prefixed(prefix: string, tags: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]),
  );
}

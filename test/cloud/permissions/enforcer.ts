import { listIamRequests, type SdkRequest } from './iam-requests.ts';
import type { Account } from './listers.ts';
import { ACCOUNT, type Policy } from './operator-policies.ts';
import { decide, formatIamRequest, type IamRequest } from './simulate.ts';

/** The requests that an account refused, and the names of those that it allowed. */
export interface Enforced {
  refused: string[];
  allowed: Set<string>;
}

/** Decides about the requests of the SDK as IAM does, and records the decisions. */
export interface Enforcer {
  enforced: Enforced;
  /** Throws IAM's error for a request that the policies do not allow. */
  check: (request: SdkRequest) => Promise<void>;
}

/** Creates the enforcer of policies in an account. */
export function createEnforcer(account: Account, policies: Policy[]): Enforcer {
  const enforced: Enforced = { refused: [], allowed: new Set() };
  const check = async (sdkRequest: SdkRequest) => {
    const requests = await listIamRequests(sdkRequest, account);
    if (!requests) throw new Error(`No lister knows the request ${sdkRequest.name}.`);
    for (const request of requests.map((it) => inTestAccount(it, account.id))) {
      if ((await decide(request, policies)) === 'allowed') continue;
      enforced.refused.push(formatIamRequest(request));
      throw createAccessDenied(request);
    }
    enforced.allowed.add(sdkRequest.name);
  };
  return { enforced, check };
}

/** Replaces the number of the account by that of the policies. */
function inTestAccount(request: IamRequest, accountId: string): IamRequest {
  return JSON.parse(JSON.stringify(request).replaceAll(accountId, ACCOUNT)) as IamRequest;
}

function createAccessDenied({ action, resource }: IamRequest): Error {
  const message = `User: alice is not authorized to perform: ${action} on resource: ${resource}`;
  const $metadata = { httpStatusCode: 403, attempts: 1 };
  return Object.assign(new Error(message), { name: 'AccessDenied', $metadata });
}

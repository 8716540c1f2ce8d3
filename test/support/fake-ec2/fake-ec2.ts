import type { AwsRequest, AwsResponse } from '../aws-request.ts';
import { formatAwsError } from '../aws-request.ts';
import { startAwsStub } from '../aws-stub.ts';
import type { Defer } from '../cleanup.ts';
import { FakeAccount } from './account.ts';
import { AwsError } from './aws-error.ts';
import { DESCRIBE_ACTIONS } from './describe-actions.ts';
import { QueryParameters } from './query-parameters.ts';
import { WRITE_ACTIONS } from './write-actions.ts';
import { toXml } from './xml.ts';

/** A fault of an action. */
export interface Fault {
  /**
   * `error`: refuses the request. `lost`: handles the request, and closes the connection without a response. `hang`:
   * neither handles nor answers it.
   */
  kind: 'error' | 'lost' | 'hang';
  code: string;
  status: number;
  /** The number of requests that the fault affects. */
  times: number;
}

/** An EC2 API in memory, to which the AWS SDK sends its requests. Actions have no prefix: `RunInstances`. */
export interface FakeEc2 {
  account: FakeAccount;
  url: string;
  /** The actions of all requests, in order. */
  readonly actions: string[];
  /** The actions whose dry run reports missing permissions. */
  deniedActions: Set<string>;
  /** Makes an action fail, once by default. Replaces the action's last fault. */
  fail: (action: string, fault?: Partial<Fault>) => void;
  /** Removes the fault of an action. */
  clearFault: (action: string) => void;
  /** Calls `listener` before each response to this action. */
  onRequest: (action: string, listener: () => void) => void;
  /** Refuses all requests until `renewCredentials`. */
  expireCredentials: () => void;
  renewCredentials: () => void;
}

const PREFIX = 'ec2:';

/** Starts an EC2 API with an account in which a warehouse can run. */
export async function startFakeEc2(defer?: Defer): Promise<FakeEc2> {
  const account = new FakeAccount();
  const listeners = new Map<string, () => void>();
  const deniedActions = new Set<string>();
  let hasExpired = false;

  const handle = (request: AwsRequest): AwsResponse => {
    try {
      if (hasExpired) throw new AwsError('RequestExpired', 'Request has expired.');
      return { status: 200, body: runAction(account, request, deniedActions) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return formatAwsError(request, error.status, error.code, error.message);
    }
  };
  const stub = await startAwsStub(handle, defer);
  stub.onRequest = (action) => listeners.get(action)?.();
  return {
    account,
    url: stub.url,
    get actions() {
      return stub.actions.map((action) => action.slice(PREFIX.length));
    },
    deniedActions,
    fail(name, { kind = 'error', code = 'InternalError', status = 400, times = 1 } = {}) {
      const action = PREFIX + name;
      stub.clearFaults(action);
      if (kind === 'error') stub.fail(action, code, { status, times });
      else if (kind === 'lost') stub.loseResponse(action, { times });
      else stub.hang(action, { times });
    },
    clearFault: (name) => stub.clearFaults(PREFIX + name),
    onRequest: (name, listener) => void listeners.set(PREFIX + name, listener),
    expireCredentials: () => (hasExpired = true),
    renewCredentials: () => (hasExpired = false),
  };
}

/** Runs the action of a request, and returns the body of its response. */
function runAction(account: FakeAccount, { body }: AwsRequest, denied: Set<string>): string {
  const parameters = new QueryParameters(body.toString());
  const name = parameters.get('Action');
  if (parameters.get('DryRun') === 'true') throw createDryRunError(denied.has(name));
  const action = { ...DESCRIBE_ACTIONS, ...WRITE_ACTIONS }[name];
  if (!action) throw new AwsError('InvalidAction', `The action ${name} is not valid.`);
  return toXml({ [`${name}Response`]: action(account, parameters) });
}

function createDryRunError(isDenied: boolean): AwsError {
  return isDenied
    ? new AwsError('UnauthorizedOperation', 'You are not authorized to perform this.', 403)
    : new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun is set.', 412);
}

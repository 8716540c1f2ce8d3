import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Account } from './account.ts';
import { AwsError } from './aws-error.ts';
import { CHANGING } from './change.ts';
import { DESCRIBING } from './describe.ts';
import { Parameters } from './parameters.ts';
import { toXml, type Xml } from './xml.ts';

/** What goes wrong with an action. */
export interface Fault {
  /** `lost`: it is done, and the connection cut; `hang`: it is not done, nor answered. */
  kind: 'error' | 'lost' | 'hang';
  code: string;
  status: number;
  /** How often. */
  times: number;
}

/** An EC2 on a loopback port, for AWS's own SDK. */
export interface FakeEc2 {
  account: Account;
  /** For AWS_ENDPOINT_URL and the like. */
  environment: Record<string, string>;
  /** The actions that were asked for, in order. */
  asked: string[];
  /** Whatever is dry-run and stands here is not allowed. */
  denied: Set<string>;
  /** Makes an action fail: once, unless `times` says more. */
  fail: (action: string, fault?: Partial<Fault>) => void;
  /** Lets an action succeed again. */
  heal: (action: string) => void;
  /** Is called before an action is done, each time. */
  before: (action: string, call: () => void) => void;
  /** From now on everything is refused, as when the credentials have expired. */
  expireCredentials: () => void;
  renewCredentials: () => void;
  close: () => Promise<void>;
}

/** Starts one, with an account in which a warehouse could be run. */
export async function startFakeEc2(): Promise<FakeEc2> {
  const account = new Account();
  const faults = new Map<string, Fault>();
  const calls = new Map<string, () => void>();
  const asked: string[] = [];
  const denied = new Set<string>();
  let hasExpired = false;

  const answer = (action: string, given: Parameters): { [name: string]: Xml } => {
    if (hasExpired) throw new AwsError('RequestExpired', 'Request has expired.');
    if (given.get('DryRun') === 'true') throw answerDryRun(denied.has(action));
    const perform = { ...DESCRIBING, ...CHANGING }[action];
    if (!perform) throw new AwsError('InvalidAction', `The action ${action} is not valid.`);
    return perform(account, given);
  };
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const given = new Parameters(await text(request));
    const action = given.get('Action');
    asked.push(action);
    calls.get(action)?.();
    const fault = faults.get(action);
    if (fault && (fault.times -= 1) < 1) faults.delete(action);
    try {
      if (fault?.kind === 'error')
        throw new AwsError(fault.code, 'As the test wants it', fault.status);
      if (fault?.kind === 'hang') return;
      const xml = toXml({ [`${action}Response`]: answer(action, given) });
      if (fault?.kind === 'lost') request.socket.destroy();
      else response.end(xml);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const { code, message, status } = error;
      const Errors = { Error: { Code: code, Message: message } };
      response.writeHead(status).end(toXml({ Response: { Errors } }));
    }
  };

  const server = createServer((request, response) => void serve(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    account,
    environment: {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
    asked,
    denied,
    fail: (action, fault) =>
      faults.set(action, { kind: 'error', code: 'InternalError', status: 400, times: 1, ...fault }),
    heal: (action) => faults.delete(action),
    before: (action, call) => calls.set(action, call),
    expireCredentials: () => (hasExpired = true),
    renewCredentials: () => (hasExpired = false),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function answerDryRun(isDenied: boolean): AwsError {
  return isDenied
    ? new AwsError('UnauthorizedOperation', 'You are not authorized to perform this.', 403)
    : new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun is set.', 412);
}

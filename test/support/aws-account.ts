import { randomInt } from 'node:crypto';
import { inject } from 'vitest';
import type { Defer } from './cleanup.ts';
import { type AwsStub, startAwsStub } from './aws-stub.ts';
import type { AwsResponse, AwsRequest } from './aws-request.ts';

/** An empty AWS account on the emulator, behind a stub that injects faults. */
export interface EmulatedAccount extends AwsStub {
  id: string;
}

/**
 * Creates an account that no other test uses. The AWS SDK sends its requests to it.
 * @param defer by default, the account serves until the end of the test
 */
export async function openEmulatedAccount(defer?: Defer): Promise<EmulatedAccount> {
  const emulator = inject('aws');
  const id = createAccountId();
  const stub = await startAwsStub((request) => forward(emulator, id, request), defer);
  return Object.assign(stub, { id });
}

/** Returns a random account id. */
export function createAccountId(): string {
  return String(randomInt(100_000_000_000, 999_999_999_999));
}

async function forward(
  emulator: string,
  account: string,
  { method, path, headers, body }: AwsRequest,
): Promise<AwsResponse> {
  const hasBody = !['GET', 'HEAD'].includes(method);
  const response = await fetch(`${emulator}${path}`, {
    method,
    headers: { ...without(CONNECTION_HEADERS, headers), 'x-moto-account-id': account },
    ...(hasBody && { body: new Uint8Array(body) }),
  });
  return {
    status: response.status,
    headers: without(CONNECTION_HEADERS, Object.fromEntries(response.headers)),
    body: Buffer.from(await response.arrayBuffer()),
  };
}

// Headers of a single connection, which a proxy must not forward.
const CONNECTION_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'transfer-encoding',
]);

function without(names: Set<string>, headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name)));
}

import { randomInt } from 'node:crypto';
import { inject } from 'vitest';
import type { Defer } from './cleanup.ts';
import { type AwsStub, startAwsStub } from './aws-stub.ts';
import type { AwsResponse, AwsRequest } from './aws-request.ts';

/** An account of AWS's on the emulator, empty at first, behind a front. */
export interface EmulatedAccount extends AwsStub {
  id: string;
}

/**
 * Opens an account that no other test has, to which AWS's SDK is led.
 * @param defer where its end is registered: `afterAll` for an account that serves a whole file
 */
export async function openEmulatedAccount(defer?: Defer): Promise<EmulatedAccount> {
  const emulator = inject('aws');
  const id = createAccountId();
  const front = await startAwsStub((asked) => askEmulator(emulator, id, asked), defer);
  return Object.assign(front, { id });
}

/** Returns a random id of an account. */
export function createAccountId(): string {
  return String(randomInt(100_000_000_000, 999_999_999_999));
}

async function askEmulator(
  emulator: string,
  account: string,
  { method, path, headers, body }: AwsRequest,
): Promise<AwsResponse> {
  const hasBody = !['GET', 'HEAD'].includes(method);
  const response = await fetch(`${emulator}${path}`, {
    method,
    headers: { ...without(OF_CONNECTION, headers), 'x-moto-account-id': account },
    ...(hasBody && { body: new Uint8Array(body) }),
  });
  return {
    status: response.status,
    headers: without(OF_CONNECTION, Object.fromEntries(response.headers)),
    body: Buffer.from(await response.arrayBuffer()),
  };
}

// Headers that are about one connection, and not about what goes over it.
const OF_CONNECTION = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'transfer-encoding',
]);

function without(names: Set<string>, headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name)));
}

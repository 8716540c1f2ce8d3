import { InvalidArgumentError } from '@commander-js/extra-typings';
import { OperatorError } from '../../errors/operator-error.ts';
import type { RestorePoint } from '../database/restore-point.ts';

// CloudFormation allows 128 characters, but puts a shortened name into generated names, such as a bucket's with 63.
const STACK_MAX = 30;

/**
 * Parses the name of a stack.
 * @throws InvalidArgumentError for a name that AWS refuses, or would shorten in generated names
 */
export function parseStackName(text: string): string {
  if (/^[A-Za-z][A-Za-z0-9-]*$/.test(text) && text.length <= STACK_MAX) return text;
  throw new InvalidArgumentError(
    `It must be a letter, then letters, digits and hyphens, ${STACK_MAX} characters at most.`,
  );
}

/**
 * Parses one `name=value`, and returns the previous ones with it.
 * @throws InvalidArgumentError for another text
 */
export function addParameter(
  text: string,
  previous: Record<string, string> = {},
): Record<string, string> {
  const [, name, value] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('It must be name=value.');
  }
  return { ...previous, [name]: value };
}

/**
 * Parses the id of a request. The load balancer's id has `Self=` or `Root=` before it, which is omitted.
 * @throws InvalidArgumentError for a text that cannot be an id
 */
export function parseRequestId(text: string): string {
  const id = text.replace(/^(Self|Root)=/, '');
  if (/^[\w-]{1,64}$/.test(id)) return id;
  throw new InvalidArgumentError('It must be the id on an error page, or in X-Request-Id.');
}

/**
 * Returns the restore point that the arguments name.
 * @throws OperatorError when they name none or two
 */
export function toRestorePoint(
  snapshotId: string | undefined,
  time: string | undefined,
): RestorePoint {
  if (snapshotId === undefined && time !== undefined) return { time };
  if (snapshotId !== undefined && time === undefined) return { snapshotId };
  throw new OperatorError('Set either the id of a snapshot, or --time.');
}

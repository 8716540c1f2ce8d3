import { inspect } from 'node:util';
import type { AwsStub } from '../../support/aws-stub.ts';
import type { AwsResponse, AwsRequest } from '../../support/aws-request.ts';

/** The fields of a request in AWS's query protocol: `{ 'Tags.member.1.Key': … }`. */
function formOf({ body }: AwsRequest): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body.toString()));
}

/** Reads a list of a request: `Tags.member.1.Key=…` as `[{ Key: … }]`. */
export function readList(form: Record<string, string>, name: string): Record<string, string>[] {
  const list: Record<string, string>[] = [];
  for (const [key, value] of Object.entries(form)) {
    const [start, , index, field] = key.split('.');
    if (start === name && field) (list[Number(index) - 1] ??= {})[field] = value;
  }
  return list;
}

/** Reads all fields of a request as an object: `A.B.member.1.C=x` as `{ A: { B: [{ C: 'x' }] } }`. */
export function readTree(form: Record<string, string>): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(form)) {
    const path = key.replaceAll('.member.', '.').split('.');
    const last = path.pop() ?? '';
    let node = tree;
    for (const name of path) node = (node[name] ??= {}) as Record<string, unknown>;
    node[last] = value;
  }
  return withLists(tree) as Record<string, unknown>;
}

/** Turns maps whose keys are numbers into lists. */
function withLists(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, withLists(each)] as const);
  if (entries.every(([name]) => /^\d+$/.test(name))) return entries.map(([, each]) => each);
  return Object.fromEntries(entries);
}

function answer({ action }: AwsRequest, result: object): AwsResponse {
  const name = action.split(':')[1] ?? '';
  const body = `<${name}Response><${name}Result>${toXml(result)}</${name}Result></${name}Response>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}

/** A list whose elements have a name of their own. The elements of other lists are called `member`. */
export class NamedList {
  readonly name: string;
  readonly items: object[];

  constructor(name: string, items: object[]) {
    this.name = name;
    this.items = items;
  }
}

/** An error response with AWS's code. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Returns the response to a request with these fields, or throws a Refusal. */
export type Reply = (form: Record<string, string>) => Promise<object> | object;

/** Registers the answers to actions of a service with AWS's query protocol. */
export function answerActions(
  account: AwsStub,
  service: string,
  replies: Record<string, Reply>,
): void {
  for (const [action, reply] of Object.entries(replies)) {
    account.stub(`${service}:${action}`, async (request): Promise<AwsResponse> => {
      try {
        return answer(request, await reply(formOf(request)));
      } catch (error) {
        if (error instanceof Refusal) return refusal(error);
        // A fault in the emulation itself.
        return refusal(new Refusal('EmulationFailed', inspect(error)));
      }
    });
  }
}

function refusal({ code, message }: Refusal): AwsResponse {
  const error = `<Error><Code>${code}</Code><Message>${escape(message)}</Message></Error>`;
  const body = `<ErrorResponse>${error}</ErrorResponse>`;
  return { status: 400, headers: { 'content-type': 'text/xml' }, body };
}

function toXml(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((each) => `<member>${toXml(each)}</member>`).join('');
  if (value instanceof NamedList) {
    return value.items.map((each) => `<${value.name}>${toXml(each)}</${value.name}>`).join('');
  }
  if (typeof value !== 'object' || value === null) return escape(String(value));
  return Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .map(([name, each]) => `<${name}>${toXml(each)}</${name}>`)
    .join('');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

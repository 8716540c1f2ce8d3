import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A request to AWS. */
export interface AwsRequest {
  /** The action's name in IAM policies, `ec2:RunInstances`; for S3 the HTTP method, `s3:PUT`. */
  action: string;
  method: string;
  /** With its query. */
  path: string;
  body: Buffer;
  headers: Record<string, string>;
}

/** A response of AWS. */
export interface AwsResponse {
  status: number;
  body: Buffer | string;
  headers?: Record<string, string>;
}

/** Reads a request that AWS's SDK has signed, or that follows a signed address. */
export async function readAwsRequest(request: IncomingMessage): Promise<AwsRequest> {
  const body = await buffer(request);
  const { method = '', url: path = '/' } = request;
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  // AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …
  const [, service = 's3'] =
    /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '') ?? [];
  const named =
    new URLSearchParams(body.toString('latin1')).get('Action') ??
    headers['x-amz-target']?.split('.').at(-1) ??
    /\/operation\/(\w+)$/.exec(path)?.[1];
  const name = service === 's3' ? method : named;
  return { action: `${service}:${name}`, method, path, body, headers };
}

/** The answer with which AWS refuses a request, in the protocol of the request. */
export function formatAwsError({ headers }: AwsRequest, status: number, code: string): AwsResponse {
  const message = `It was refused: ${code}`;
  if (headers['x-amz-target']) {
    return { status, body: JSON.stringify({ __type: code, message }) };
  }
  const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  const isOfEc2 = headers.authorization?.includes('/ec2/');
  const body = isOfEc2
    ? `<Response><Errors>${error}</Errors></Response>`
    : `<ErrorResponse>${error}</ErrorResponse>`;
  return { status, headers: { 'content-type': 'text/xml' }, body };
}

import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A request to AWS. */
export interface AwsRequest {
  /** The action as in IAM policies, such as `ec2:RunInstances`. For S3, the HTTP method, such as `s3:PUT`. */
  action: string;
  method: string;
  /** The path with its query. */
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

/** Reads a request that the AWS SDK has signed, or a request to a presigned URL. */
export async function readAwsRequest(request: IncomingMessage): Promise<AwsRequest> {
  const body = await buffer(request);
  const { method = '', url: path = '/' } = request;
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  // The header is: AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …
  const [, service = 's3'] =
    /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '') ?? [];
  const operation =
    new URLSearchParams(body.toString('latin1')).get('Action') ??
    headers['x-amz-target']?.split('.').at(-1) ??
    /\/operation\/(\w+)$/.exec(path)?.[1] ??
    route53Operation(method, path);
  const name = service === 's3' ? method : operation;
  return { action: `${service}:${name}`, method, path, body, headers };
}

/** Returns the operation of a request to Route 53, which has only a method and a path. */
function route53Operation(method: string, path: string): string | undefined {
  const [, kind] = /^\/2013-04-01\/hostedzone\/[^/?]+(\/rrset)?/.exec(path) ?? [null, null];
  if (kind === null || method !== 'GET') return undefined;
  return kind === undefined ? 'GetHostedZone' : 'ListResourceRecordSets';
}

/** Returns an error response in the protocol of the request. */
export function formatAwsError(
  { headers }: AwsRequest,
  status: number,
  code: string,
  message = `It was refused: ${code}`,
): AwsResponse {
  if (headers['x-amz-target']) {
    return { status, body: JSON.stringify({ __type: code, message }) };
  }
  const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  const isEc2 = headers.authorization?.includes('/ec2/');
  const body = isEc2
    ? `<Response><Errors>${error}</Errors></Response>`
    : `<ErrorResponse>${error}</ErrorResponse>`;
  return { status, headers: { 'content-type': 'text/xml' }, body };
}

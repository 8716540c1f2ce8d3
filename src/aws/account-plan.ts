import { loadConfig } from '@smithy/core/config';
import { SignatureV4 } from '@smithy/signature-v4';
import type {
  AwsCredentialIdentityProvider,
  ChecksumConstructor,
  HashConstructor,
} from '@smithy/types';
import { z } from 'zod';
import { OperatorError } from '../errors/operator-error.ts';

// AWS has one endpoint for all regions of its main partition.
const REGION = 'us-east-1';
const ENDPOINT = `https://freetier.${REGION}.api.aws`;
const RESPONSE_MAX_MS = 10_000;

/** The resolved configuration of any client of the SDK, which has the credentials for a request. */
export interface SigningConfig {
  credentials: AwsCredentialIdentityProvider;
  sha256: ChecksumConstructor | HashConstructor;
}

const planSchema = z.object({ accountPlanType: z.string() });
const refusalSchema = z
  .object({ __type: z.string(), message: z.string().default('') })
  .transform(({ __type: type, message }) => `${type.replace(/^.*#/, '')}: ${message}`);

/**
 * Returns whether the account is on AWS's free plan, which limits its resources. Accounts that were opened before July
 * 2025 have no plan.
 * @throws OperatorError when AWS does not answer within 10 seconds, or refuses the request
 */
export async function isOnFreePlan(config: SigningConfig, signal: AbortSignal): Promise<boolean> {
  const attempt = 'Cannot read the plan of the AWS account';
  try {
    const { status, body } = await requestPlan(config, signal);
    if (status === 200) return planSchema.parse(body).accountPlanType === 'FREE';
    const refusal = refusalSchema.catch(`the status ${status}`).parse(body);
    if (refusal.startsWith('ResourceNotFoundException:')) return false;
    throw new Error(`AWS returned ${refusal}`);
  } catch (error) {
    signal.throwIfAborted();
    // The message of `fetch` is the same for each network error, and its cause has the reason.
    const { message } = (error instanceof Error && error.cause ? error.cause : error) as Error;
    throw new OperatorError(`${attempt}: ${message.replace(/\s+/g, ' ').replace(/[.: ]*$/, '.')}`, {
      cause: error,
    });
  }
}

/** Returns the URL of the service, which the operator can replace as in the SDK's clients. */
function findEndpoint(): Promise<string> {
  return loadConfig({
    environmentVariableSelector: ({ AWS_ENDPOINT_URL }) => AWS_ENDPOINT_URL,
    configFileSelector: ({ endpoint_url }) => endpoint_url,
    default: ENDPOINT,
  })();
}

async function requestPlan(
  { credentials, sha256 }: SigningConfig,
  signal: AbortSignal,
): Promise<{ status: number; body: unknown }> {
  const { protocol, hostname, host, origin } = new URL(await findEndpoint());
  const signer = new SignatureV4({ credentials, sha256, region: REGION, service: 'freetier' });
  const { method, headers, body } = await signer.sign({
    method: 'POST',
    protocol,
    hostname,
    path: '/',
    headers: {
      host,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AWSFreeTierService.GetAccountPlanState',
    },
    body: '{}',
  });
  const response = await fetch(origin, {
    method,
    headers,
    body: String(body),
    signal: AbortSignal.any([signal, AbortSignal.timeout(RESPONSE_MAX_MS)]),
  });
  return { status: response.status, body: await response.json() };
}

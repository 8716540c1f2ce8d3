import type { InitializeMiddleware, MetadataBearer, MiddlewareStack } from '@smithy/types';
import { findAwsError } from './errors.ts';

/**
 * Makes clients of AWS print a line for each request after its response: name, result, number of attempts, duration,
 * and AWS's id of the request. The values of the request and of the response are not printed, because they may be
 * secret.
 */
export function traceRequests(
  clients: { middlewareStack: object }[],
  print: (line: string) => void,
): void {
  const trace = createTrace(print);
  for (const { middlewareStack } of clients) {
    // Each client has its own types of requests, but the trace reads none of their values.
    const stack = middlewareStack as MiddlewareStack<object, MetadataBearer>;
    stack.add(trace, { step: 'initialize' });
  }
}

function createTrace(print: (line: string) => void): InitializeMiddleware<object, MetadataBearer> {
  return (next, { clientName = '', commandName = '' }) =>
    async (input) => {
      const name = `${clientName.replace('Client', '')} ${commandName.replace('Command', '')}`;
      const startedAt = performance.now();
      const printResult = (result: string, { attempts = 1, requestId = 'unknown' }: Metadata) => {
        const ms = Math.round(performance.now() - startedAt);
        print(`${name}: ${result}, attempts ${attempts}, ${ms} ms, request id ${requestId}`);
      };
      try {
        const result = await next(input);
        const { $metadata } = result.output;
        printResult(String($metadata.httpStatusCode), $metadata);
        return result;
      } catch (error) {
        const { name: code, $metadata = {} } = findAwsError(error) ?? { name: String(error) };
        printResult(`${$metadata.httpStatusCode ?? 'no response'} ${code}`, $metadata);
        throw error;
      }
    };
}

/** The SDK's description of a response. */
interface Metadata {
  attempts?: number | undefined;
  requestId?: string | undefined;
}

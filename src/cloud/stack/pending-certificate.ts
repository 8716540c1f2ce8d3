import type { StackEvent } from './events.ts';

/** The conditions under which AWS validates the stack's certificate. */
export const VALIDATION_NEEDS =
  'The name servers of the domain must be those of its hosted zone, and a CAA record of the domain must allow amazon.com.';

/** Returns sentences about the certificate if an operation with these events waits for it, otherwise null. */
export function formatPendingCertificate(events: StackEvent[]): string | null {
  const last = events.findLast(({ type }) => type === 'AWS::CertificateManager::Certificate');
  if (!last || !/^(CREATE|UPDATE)_IN_PROGRESS$/.test(last.status)) return null;
  return `The stack waits until AWS has validated the certificate, for up to 36 hours. ${VALIDATION_NEEDS}`;
}

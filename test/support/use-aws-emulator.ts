import { inject, vi } from 'vitest';

/** Leads AWS's SDK to an emulator, in this file's tests: to that of its project, unless another is named. */
export function useAwsEmulator(url = inject('aws')): void {
  vi.stubEnv('AWS_ENDPOINT_URL', url);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
}

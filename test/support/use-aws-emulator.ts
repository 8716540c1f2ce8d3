import { inject, vi } from 'vitest';

/** Makes the AWS SDK send its requests to a URL, by default to the emulator of the project. */
export function useAwsEmulator(url = inject('aws')): void {
  vi.stubEnv('AWS_ENDPOINT_URL', url);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
}

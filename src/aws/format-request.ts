/** Formats a request for a dry run: `CreateBucket {"Bucket":"b"}`. */
export function formatRequest(action: string, input: object): string {
  return `${action} ${JSON.stringify(input)}`;
}

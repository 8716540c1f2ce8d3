/** What a reason of AWS's sounds like, and what to do about it. */
const ADVICE: [RegExp, string | ((found: RegExpExecArray) => string)][] = [
  [
    /not authorized to perform:? (\w+:\w+)/i,
    ([, action]) =>
      `you need the permission ${action}: docs/going-live.md has the IAM policy that allows all`,
  ],
  [
    /MaxSpotInstanceCountExceeded|max spot instance count/i,
    'ask for more under "All Standard Spot Instance Requests" in AWS’s Service Quotas, or go without spot: --set Market=on-demand',
  ],
  [
    /vCPU/i,
    'ask for more vCPUs under "Running On-Demand Standard instances" in AWS’s Service Quotas, or take fewer: --set InstanceCount=1',
  ],
  [
    /service-linked role/i,
    'make it once: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com',
  ],
  [
    /FreeTierRestriction|free (tier|plan)/i,
    'a free plan allows less, such as backups of one day: --set BackupDays=1',
  ],
  [
    /InsufficientDBInstanceCapacity/i,
    'AWS has no such database to spare now: try later, or another class, such as --set DatabaseClass=db.t3.micro',
  ],
  [
    /InsufficientInstanceCapacity|no spot capacity|UnfulfillableCapacity|spot request .*(fulfil|capacity)/i,
    'AWS has no such instances to spare now: try later, another --set InstanceType=…, or --set Market=on-demand',
  ],
  [
    /architecture/i,
    'make an image for this type of instance (npm run cloud -- image --instance-type …), or set another InstanceType',
  ],
  [
    /certificate.*(not found|does not exist|not valid|unsupported)|CertificateNotFound/i,
    'CertificateArn must name one that AWS Certificate Manager has issued in this region',
  ],
  [
    /InstanceQuotaExceeded|StorageQuotaExceeded|LimitExceeded|quota/i,
    'ask for more in AWS’s Service Quotas, or remove what is not needed',
  ],
  [
    /active instance refresh/i,
    'the instances are being replaced: watch that to its end with npm run cloud -- roll, then try again',
  ],
  [
    /already exists/i,
    'it is not of this stack: remove it if nobody needs it, or raise the stack under another name, --stack NAME',
  ],
];

/** What can be done about something that AWS could not make, from the reason that it gives; null where unknown. */
export function hintFor(reason: string): string | null {
  for (const [pattern, advice] of ADVICE) {
    const found = pattern.exec(reason);
    if (found) return typeof advice === 'string' ? advice : advice(found);
  }
  return null;
}

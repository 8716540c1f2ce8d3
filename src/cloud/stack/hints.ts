import type { CloudContext } from '../context.ts';
import { formatCommand, formatImageCommand } from '../format-command.ts';
import { VALIDATION_NEEDS } from './pending-certificate.ts';

type Context = Pick<CloudContext, 'stackName'>;

// Patterns of AWS's reasons, each with a function that returns what to do.
const HINTS: [RegExp, (match: RegExpExecArray, context: Context) => string][] = [
  [
    /not authorized to perform:? (\w+:\w+)/i,
    ([, action]) =>
      `You need the permission ${action}. docs/permissions.md lists every permission, and how you get them.`,
  ],
  [
    /MaxSpotInstanceCountExceeded|max spot instance count/i,
    () =>
      'Request a higher quota for "All Standard Spot Instance Requests" in AWS’s Service Quotas, or add --set Market=on-demand.',
  ],
  [
    /vCPU/i,
    () =>
      'Request a higher quota for "Running On-Demand Standard instances" in AWS’s Service Quotas, or add --set InstanceCount=1.',
  ],
  [
    /service-linked role/i,
    () =>
      'Create the role once: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com',
  ],
  [
    /backup retention period exceeds/i,
    () => 'AWS’s free plan retains backups for one day: add --set BackupDays=1.',
  ],
  [
    /instance size isn't available with free plan/i,
    () =>
      'AWS’s free plan has small databases only: add --set DatabaseClass=db.t4g.micro --set DatabaseMultiAz=no.',
  ],
  [
    /not eligible for Free Tier/i,
    () =>
      'AWS’s free plan has certain instance types only, such as t3.micro. To list them, run aws ec2 ' +
      'describe-instance-types --filters Name=free-tier-eligible,Values=true --query InstanceTypes[].InstanceType. ' +
      'Then add --set InstanceTypes=TYPE.',
  ],
  [
    /FreeTierRestriction|free (tier|plan)/i,
    () => 'AWS’s free plan does not allow this. Upgrade the account in AWS’s console (Billing).',
  ],
  [
    /not currently in the available state/i,
    (_, context) =>
      `CloudFormation takes a final snapshot of the database, and RDS allows that only when the database is available. Run ${formatCommand(context, 'status')} until it is, then ${formatCommand(context, 'down')}.`,
  ],
  [
    /Cannot upgrade mysql from ([\d.]+) to/i,
    ([, version]) =>
      `RDS has already updated the database to ${version}: add --set DatabaseVersion=8.4.`,
  ],
  [
    /InsufficientDBInstanceCapacity/i,
    () =>
      'AWS has no database of this class available. Try again later, or use another class, such as --set DatabaseClass=db.t3.micro.',
  ],
  [
    /InsufficientInstanceCapacity|no spot capacity|UnfulfillableCapacity|spot request .*(fulfil|capacity)/i,
    () =>
      'AWS has no such instances available. Wait, or set more types with --set InstanceTypes=…, or add --set Market=on-demand.',
  ],
  [
    /architecture/i,
    () =>
      `Run ${formatImageCommand('TYPE')} to create an image for this instance type, or set other InstanceTypes.`,
  ],
  [
    /DNS Record Set is not available|certificate is in FAILED/i,
    () => `AWS could not validate the certificate. ${VALIDATION_NEEDS}`,
  ],
  [/resource record set .*already exists/i, () => 'Delete this DNS record, or set another Domain.'],
  [
    /certificate.*(not found|does not exist|not valid|unsupported)|CertificateNotFound/i,
    () =>
      'CertificateArn must name a certificate that AWS Certificate Manager has issued in this region.',
  ],
  [
    /InstanceQuotaExceeded|StorageQuotaExceeded|LimitExceeded|quota/i,
    () =>
      'Request a higher quota in AWS’s Service Quotas, or delete resources that you do not need.',
  ],
  [
    /active instance refresh/i,
    (_, context) =>
      `The instances are being replaced. Run ${formatCommand(context, 'roll')} to wait for it, then try again.`,
  ],
  [
    /already exists/i,
    () =>
      'It belongs to another stack. Remove it if it is not needed, or use --stack NAME to choose another name for this stack.',
  ],
];

/**
 * Returns a reason of AWS's on one line, without the long encoded part of a refusal, which only an administrator can
 * decode.
 */
export function onOneLine(reason: string): string {
  return reason.replace(/\s*Encoded auth\w+ failure message: \S+/, '').replace(/\s+/g, ' ');
}

/** Returns a reason of AWS's as a sentence on one line. */
export function formatReason(reason: string): string {
  return onOneLine(reason).replace(/\.?$/, '.');
}

/** Returns a reason of AWS's as a sentence on one line, and what to do about it if that is known. */
export function explainReason(reason: string, context: Context): string {
  const sentence = formatReason(reason);
  const hint = hintFor(sentence, context);
  return hint === null ? sentence : `${sentence} ${hint}`;
}

/** Returns what to do about a failure with this reason of AWS's, as sentences, or null if that is unknown. */
export function hintFor(reason: string, context: Context): string | null {
  for (const [pattern, hint] of HINTS) {
    const match = pattern.exec(reason);
    if (match) return hint(match, context);
  }
  return null;
}

import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import type { SenderConfig } from '../../config/mail-settings.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { createMailTransport, type SendError } from '../../mail/transport.ts';
import { runKey } from '../bucket/keys.ts';
import { findLastReport } from '../report/folders.ts';
import { writeReportMail } from '../report/mail.ts';
import { parseReport } from '../report/report.ts';

const ADDRESSES_MAX = 10;
const ADDRESS_MAX_LENGTH = 254;
// Many mail servers refuse mails above ten megabytes. An attachment grows by a third on its way.
const ATTACHMENT_MAX_BYTES = 5 * 1024 * 1024;
const SEND_TIMEOUT_MS = 60_000;

/** The options of a mail about a report. */
export interface ReportMailOptions extends SenderConfig {
  addresses: string[];
  /** The folder of all reports. */
  folder: string;
  /** The bucket that has the report, too, or null. */
  bucket: string | null;
  print: (line: string) => void;
}

/**
 * Parses a value of the option `--mail`: one address, or several with commas between them. Returns the addresses of all
 * values without duplicates.
 */
export function parseAddresses(value: string, previous: string[]): string[] {
  const added = value.split(',').map((address) => address.trim());
  for (const address of added) {
    const isAddress = /^[^\s@<>",;\p{Control}]+@[^\s@<>",;\p{Control}]+$/u.test(address);
    if (!isAddress || address.length > ADDRESS_MAX_LENGTH) {
      throw new InvalidArgumentError(
        'It must be an email address, or several with commas between them.',
      );
    }
  }
  const addresses = Array.from(new Set([...previous, ...added]));
  if (addresses.length > ADDRESSES_MAX) {
    throw new InvalidArgumentError(`At most ${ADDRESSES_MAX} addresses can get the report.`);
  }
  return addresses;
}

/**
 * Mails the key figures of the last run's report to all addresses, with the report as an attachment.
 * @throws OperatorError if the mail server did not accept the mail for all addresses. The report stays where it is
 */
export async function mailReport(options: ReportMailOptions): Promise<void> {
  const { smtp, from, addresses, folder, bucket, print } = options;
  const path = await findLastReport(folder);
  if (path === null) throw new Error(`${folder} has no report`);
  const places = [dirname(path)];
  if (bucket !== null) places.push(`s3://${bucket}/${runKey(basename(dirname(path)), '')}`);
  const mail = await createMail(path, places);
  const advice = `The run is complete, and its report is in ${places.join(' and in ')}.`;
  const { host, port } = smtp;
  const sending = createMailTransport(smtp).sendMail({
    from,
    // As objects, commas in the addresses do not separate them.
    to: addresses.map((address) => ({ name: '', address })),
    ...mail,
    // Programs do not answer such a mail.
    headers: { 'Auto-Submitted': 'auto-generated' },
    signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
  });
  const sent = await sending.catch((error: SendError) => {
    const reason = `The mail server ${host}:${port} did not accept the report: ${formatReason(error)}.`;
    throw new OperatorError(`${reason} ${advice}`, { cause: error });
  });
  const refused = (sent.rejected ?? []).map(String);
  if (refused.length > 0) {
    const message = `The mail server ${host}:${port} refused these addresses: ${refused.join(', ')}.`;
    throw new OperatorError(`${message} ${advice}`);
  }
  print(`Mailed the report to ${addresses.join(', ')}.`);
}

async function createMail(path: string, places: string[]) {
  const json = join(dirname(path), 'stats.json');
  const report = parseReport(await readFile(json, 'utf8'));
  if (!report) throw new Error(`${json} is no report`);
  const isAttached = (await stat(path)).size <= ATTACHMENT_MAX_BYTES;
  const attachment = {
    filename: 'report.html',
    contentType: 'text/html; charset=utf-8',
    content: isAttached ? await readFile(path) : '',
  };
  return {
    ...writeReportMail(report, { isAttached, places }),
    attachments: isAttached ? [attachment] : [],
  };
}

/** The answer of a server may repeat what it was sent, so the reason has only its code. */
function formatReason({ message, command, responseCode }: SendError): string {
  if (responseCode === undefined) return message;
  return `it answered ${command ?? 'the connection'} with ${responseCode}`;
}

import type { CloudContext } from '../context.ts';
import { formatInsecure } from '../domain/advice.ts';
import {
  formatProtectHint,
  formatUnprotected,
  listUnprotected,
} from '../protection/protections.ts';
import { explainStatus } from '../stack/failure.ts';
import type { StackResource } from '../stack/resources.ts';
import type { Stack } from '../stack/stack.ts';
import { createSection } from './section.ts';
import type { StatusContext } from './status-context.ts';

/** The state of the stack itself. */
interface StackReport {
  name: string;
  /** `CREATE_COMPLETE`, `UPDATE_IN_PROGRESS` and many others. */
  status: string;
  /** The meaning of the status and what to do, or AWS's reason, or null. */
  explanation: string | null;
  /** The URL of the site, or null until the stack is complete. */
  address: string | null;
  /** The values of the template's parameters by name. */
  parameters: Record<string, string>;
  /** The resources that are being changed or have failed. */
  unfinished: StackResource[];
  /** The resources that are not protected against deletion; empty unless the stack is complete. */
  unprotected: string[];
}

/** The status of the stack, the URL of the site, and the resources that are unfinished, failed or not protected. */
export const stackSection = createSection(readStackReport, formatStackReport);

async function readStackReport(context: StatusContext): Promise<StackReport> {
  const { stack } = context;
  const { name, status, reason, outputs, parameters } = stack;
  const resources = await context.listResources();
  return {
    name,
    status,
    explanation: explainStatus(status, context) ?? reason,
    address: outputs.Address ?? null,
    parameters,
    unfinished: resources.filter((it) => /_(IN_PROGRESS|FAILED)$/.test(it.status)),
    unprotected: isComplete(stack) ? await listUnprotected(context, stack, resources) : [],
  };
}

function isComplete({ status }: Stack): boolean {
  return /^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(status);
}

function formatStackReport(report: StackReport, cloud: CloudContext): string[] {
  const { name, status, explanation, address, unfinished, unprotected } = report;
  return [
    `${name}, ${status}${explanation ? `: ${explanation}` : ''}`,
    ...(address ? [address, ...formatInsecure(cloud, address)] : []),
    ...unfinished.map(
      (it) => `${it.name} (${it.type}): ${it.status}${it.reason ? `, ${it.reason}` : ''}`,
    ),
    ...(unprotected.length > 0
      ? [`${formatUnprotected(unprotected)} ${formatProtectHint(cloud)}`]
      : []),
  ];
}

import { z } from 'zod';
import { OperatorError } from '../../errors/operator-error.ts';
import { formatCommand } from '../format-command.ts';
import { explainStatus } from './failure.ts';
import type { Stack } from './stack.ts';

const outputsSchema = z
  .object({
    Address: z.string(),
    // Stacks of version 1.7 do not have it, and no domain either.
    BalancerName: z.string().optional(),
    DatabaseId: z.string(),
    DatabaseEndpoint: z.string(),
    MasterSecret: z.string(),
    DatabasePassword: z.string(),
    ReaderPassword: z.string().optional(),
    Instances: z.string(),
    Targets: z.string(),
    Logs: z.string(),
    ServerLog: z.string().optional(),
    UnhealthyAlarm: z.string(),
  })
  .transform((it) => ({
    /** The URL of the site, without a path: `http://…`, or `https://…` with a certificate. */
    address: it.Address,
    /** The host name of the load balancer, in lower case as in a URL. */
    balancer: it.BalancerName?.toLowerCase() ?? new URL(it.Address).hostname,
    databaseId: it.DatabaseId,
    /** The database's host name. */
    databaseEndpoint: it.DatabaseEndpoint,
    /** The ARN of the secret of the database's master user. */
    masterSecret: it.MasterSecret,
    /** The ARN of the secret of the application's database user. */
    databasePassword: it.DatabasePassword,
    /** The ARN of the secret of the user who may only read, or null if an earlier version created the stack. */
    readerPassword: it.ReaderPassword ?? null,
    /** The name of the Auto Scaling group. */
    instances: it.Instances,
    /** The ARN of the load balancer's target group. */
    targets: it.Targets,
    /** The name of the log group for the output of commands on instances. */
    logs: it.Logs,
    /** The name of the log group for the servers' log, or null if an earlier version created the stack. */
    serverLog: it.ServerLog ?? null,
    /** The name of the alarm on unhealthy instances. */
    unhealthyAlarm: it.UnhealthyAlarm,
  }));

/** The outputs of the stack. */
export type Outputs = z.infer<typeof outputsSchema>;

/**
 * Returns the outputs of a stack.
 * @throws OperatorError when outputs are missing, because the stack has another template or was not created completely
 */
export function readOutputs({ name, status, outputs }: Stack): Outputs {
  const { data, error } = outputsSchema.safeParse(outputs);
  if (data) return data;
  const missing = error.issues.map(({ path }) => path.join('.')).join(', ');
  const context = { stackName: name };
  const todo =
    explainStatus(status, context) ??
    `Run ${formatCommand(context, 'up')} to update it to this version.`;
  throw new OperatorError(`The stack ${name} (${status}) has no output ${missing}. ${todo}`);
}

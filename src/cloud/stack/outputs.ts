import { z } from 'zod';
import { OperatorError } from '../../errors/operator-error.ts';
import { formatCommand } from '../format-command.ts';
import { explainStatus } from './failure.ts';
import type { Stack } from './stack.ts';

const outputsAnswer = z
  .object({
    Address: z.string(),
    DatabaseId: z.string(),
    DatabaseEndpoint: z.string(),
    MasterSecret: z.string(),
    DatabasePassword: z.string(),
    Instances: z.string(),
    Targets: z.string(),
    Logs: z.string(),
    UnhealthyAlarm: z.string(),
  })
  .transform((it) => ({
    /** Of the site: `http://…`, with a certificate `https://…`. */
    address: it.Address,
    databaseId: it.DatabaseId,
    /** The database's host name. */
    databaseEndpoint: it.DatabaseEndpoint,
    /** ARN of the secret of the database's master user. */
    masterSecret: it.MasterSecret,
    /** ARN of the secret of MiniTwit's own user of the database. */
    databasePassword: it.DatabasePassword,
    /** Name of the Auto Scaling group. */
    instances: it.Instances,
    /** ARN of the load balancer's target group. */
    targets: it.Targets,
    /** Name of the log group of what commands print that run on the instances. */
    logs: it.Logs,
    /** Name of the alarm on unhealthy instances. */
    unhealthyAlarm: it.UnhealthyAlarm,
  }));

/** What the commands need to know of what the stack has made. */
export type Outputs = z.infer<typeof outputsAnswer>;

/**
 * Reads what the template's outputs say.
 * @throws OperatorError that names those that are missing: the stack is of another template
 */
export function readOutputs({ name, status, outputs }: Stack): Outputs {
  const { data, error } = outputsAnswer.safeParse(outputs);
  if (data) return data;
  const missing = error.issues.map(({ path }) => path.join('.')).join(', ');
  const todo =
    explainStatus(status, name) ??
    `${formatCommand({ stackName: name }, 'up')} brings it to this version`;
  throw new OperatorError(`The stack ${name} (${status}) does not say ${missing}: ${todo}.`);
}

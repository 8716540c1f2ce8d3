import { DescribeDBInstancesCommand, type RDSClient } from '@aws-sdk/client-rds';
import { z } from 'zod';
import { ask, awsErrorName } from '../../aws/failures.ts';

/** A database of RDS's as AWS describes it. */
export interface Database {
  id: string;
  /** `available`, `creating`, `backing-up`, `modifying` and many others. */
  status: string;
  /** `db.t4g.micro` and the like. */
  class: string;
  /** Of MySQL: `8.4.11`. */
  version: string;
  sizeGib: number;
  isMultiAz: boolean;
}

const databaseAnswer = z
  .object({
    DBInstanceIdentifier: z.string(),
    DBInstanceStatus: z.string(),
    DBInstanceClass: z.string(),
    EngineVersion: z.string().default(''),
    AllocatedStorage: z.number(),
    MultiAZ: z.boolean().default(false),
  })
  .transform((it): Database => ({
    id: it.DBInstanceIdentifier,
    status: it.DBInstanceStatus,
    class: it.DBInstanceClass,
    version: it.EngineVersion,
    sizeGib: it.AllocatedStorage,
    isMultiAz: it.MultiAZ,
  }));

const databasesAnswer = z.object({ DBInstances: z.array(databaseAnswer).default([]) });

/** A database; null when there is none of this id. */
export async function findDatabase(rds: RDSClient, id: string): Promise<Database | null> {
  const request = rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }));
  try {
    const answer = await ask(`Cannot look at the database ${id}`, request);
    return databasesAnswer.parse(answer).DBInstances[0] ?? null;
  } catch (error) {
    if (awsErrorName(error)?.startsWith('DBInstanceNotFound')) return null;
    throw error;
  }
}

import {
  DeleteDBSnapshotCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { z } from 'zod';
import { tagsAnswer } from '../aws/ec2/tags.ts';
import { ask, awsErrorName } from '../aws/failures.ts';
import { STACK_TAG } from './stack/stack.ts';

/** A database as AWS describes it. */
export interface Database {
  id: string;
  /** `available`, `creating`, `deleting` and many others. */
  status: string;
  /** `db.t4g.micro` and the like. */
  class: string;
  sizeGib: number;
  isMultiAz: boolean;
  /** For how many days its daily backups are kept. */
  backupDays: number;
  /** To when it can be restored, five minutes ago or so; null while it has no backup. */
  restorableUntil: Date | null;
  /** Its host name; null while it has none. */
  endpoint: string | null;
}

const databaseAnswer = z.object({
  DBInstanceIdentifier: z.string(),
  DBInstanceStatus: z.string(),
  DBInstanceClass: z.string(),
  AllocatedStorage: z.number(),
  MultiAZ: z.boolean().default(false),
  BackupRetentionPeriod: z.number().default(0),
  LatestRestorableTime: z.date().optional(),
  Endpoint: z.object({ Address: z.string().optional() }).optional(),
  TagList: tagsAnswer,
});

const databasesAnswer = z.object({
  DBInstances: z.array(databaseAnswer).default([]),
  Marker: z.string().optional(),
});

/** The databases of a stack: one, but while another takes its place; found by their tag, however the stack is. */
export async function listDatabases(rds: RDSClient, stackName: string): Promise<Database[]> {
  const found: z.infer<typeof databaseAnswer>[] = [];
  let marker: string | undefined;
  do {
    const request = rds.send(new DescribeDBInstancesCommand({ Marker: marker }));
    const answer = databasesAnswer.parse(await ask('Cannot look for databases', request));
    found.push(...answer.DBInstances);
    marker = answer.Marker;
  } while (marker);
  return found
    .filter(({ TagList }) => TagList[STACK_TAG] === stackName)
    .map((it) => ({
      id: it.DBInstanceIdentifier,
      status: it.DBInstanceStatus,
      class: it.DBInstanceClass,
      sizeGib: it.AllocatedStorage,
      isMultiAz: it.MultiAZ,
      backupDays: it.BackupRetentionPeriod,
      restorableUntil: it.LatestRestorableTime ?? null,
      endpoint: it.Endpoint?.Address ?? null,
    }));
}

/** A snapshot of a database as AWS describes it. */
export interface DatabaseSnapshot {
  id: string;
  databaseId: string;
  /** `creating`, `available` or `failed`. */
  status: string;
  /** Of the database; the snapshot costs what it holds, which is less. */
  sizeGib: number;
  /** Null while AWS has not begun. */
  takenAt: Date | null;
}

const snapshotAnswer = z.object({
  DBSnapshotIdentifier: z.string(),
  DBInstanceIdentifier: z.string(),
  Status: z.string(),
  AllocatedStorage: z.number().default(0),
  SnapshotCreateTime: z.date().optional(),
  TagList: tagsAnswer,
});

const snapshotsAnswer = z.object({
  DBSnapshots: z.array(snapshotAnswer).default([]),
  Marker: z.string().optional(),
});

/** The snapshots of a stack's databases that stay until they are deleted, the newest first. */
export async function listDatabaseSnapshots(
  rds: RDSClient,
  stackName: string,
): Promise<DatabaseSnapshot[]> {
  const found: z.infer<typeof snapshotAnswer>[] = [];
  let marker: string | undefined;
  do {
    const page = { SnapshotType: 'manual', Marker: marker };
    const request = rds.send(new DescribeDBSnapshotsCommand(page));
    const answer = await ask('Cannot look for snapshots of the database', request);
    const { DBSnapshots, Marker } = snapshotsAnswer.parse(answer);
    found.push(...DBSnapshots);
    marker = Marker;
  } while (marker);
  return found
    .filter(({ TagList }) => TagList[STACK_TAG] === stackName)
    .map((it) => ({
      id: it.DBSnapshotIdentifier,
      databaseId: it.DBInstanceIdentifier,
      status: it.Status,
      sizeGib: it.AllocatedStorage,
      takenAt: it.SnapshotCreateTime ?? null,
    }))
    .toSorted((a, b) => Number(b.takenAt ?? Infinity) - Number(a.takenAt ?? Infinity));
}

/** Deletes a snapshot; one that is gone already is fine. False while it is being taken. */
export async function deleteDatabaseSnapshot(rds: RDSClient, id: string): Promise<boolean> {
  const request = rds.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: id }));
  try {
    await ask(`Cannot delete the snapshot ${id}`, request);
    return true;
  } catch (error) {
    const name = awsErrorName(error) ?? '';
    if (name.startsWith('DBSnapshotNotFound')) return true;
    if (name.startsWith('InvalidDBSnapshotState')) return false;
    throw error;
  }
}

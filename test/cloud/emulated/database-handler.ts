import { randomInt } from 'node:crypto';
import {
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  type DBInstance,
  DescribeDBInstancesCommand,
  ModifyDBInstanceCommand,
  PromoteReadReplicaCommand,
} from '@aws-sdk/client-rds';
import type { AutomatedBackups } from './automated-backups.ts';
import { listChanges } from './changes.ts';
import { type Effect, listEffects } from './effects.ts';
import type { Moto } from './moto.ts';
import type { Resource } from './moto-template.ts';
import type { Decision, IamRequest } from '../permissions/simulate.ts';
import type { ExistingResources, ResourceProvider } from './resources.ts';

const TYPE = 'AWS::RDS::DBInstance';

/** CloudFormation's handler for databases, which sends several requests to RDS for a change. */
export interface DatabaseHandler {
  /** Returns the first database for whose change the operator lacks a permission, or null. */
  findRefused: ResourceProvider['findRefused'];
  /**
   * Takes a final snapshot of a database before its deletion, and retains its automated backups. Other resources are
   * ignored. Returns null, or for a protected database, which RDS does not delete, a function that restores it after
   * moto has deleted it.
   */
  prepareDeletion: (
    stackName: string,
    existing: ExistingResources,
    name: string,
  ) => Promise<(() => Promise<void>) | null>;
}

/** Creates the handler of an account. */
export function createDatabaseHandler(
  accountId: string,
  moto: Moto,
  emulated: { backups: AutomatedBackups; decide: (request: IamRequest) => Promise<Decision> },
): DatabaseHandler {
  return {
    findRefused: async (existing, requested) => {
      const changes = listChanges(existing?.requested ?? null, requested);
      for (const effect of listEffects(changes, requested)) {
        const { LogicalResourceId: name, ResourceType } = effect;
        if (ResourceType !== TYPE) continue;
        const id = existing?.ids[name];
        const all = listHandlerRequests(accountId, effect, requested.resources[name], id);
        for (const request of all) {
          if ((await emulated.decide(request)) === 'allowed') continue;
          return { resource: name, reason: formatRefusal(accountId, request) };
        }
      }
      return null;
    },
    prepareDeletion: async (stackName, existing, name) => {
      const { Type, DeletionPolicy, Properties } = existing.requested.resources[name] ?? {};
      const id = existing.ids[name] ?? '';
      const database = Type === TYPE ? await findDatabase(moto, id) : undefined;
      if (!database) return null;
      if (database.DeletionProtection) return abandon(moto, database);
      // Moto may delete the database before its replica, and then does not find it.
      if (Properties?.SourceDBInstanceIdentifier) {
        await moto.rds.send(new PromoteReadReplicaCommand({ DBInstanceIdentifier: id }));
      }
      if (DeletionPolicy === 'Snapshot') {
        await takeLastSnapshot(moto, `${stackName}-snapshot-${name}`, database);
      }
      if (Properties?.DeleteAutomatedBackups === false) await emulated.backups.retain(id);
      return null;
    },
  };
}

/**
 * Lists the requests for a change in order, one for each resource that IAM checks. The public source of the handler
 * sends them so. A database that is restored is modified afterwards, because the request to restore lacks some
 * properties, and rebooted for its parameter group. So is a read replica. A database is also rebooted if it gets another
 * parameter group.
 */
function listHandlerRequests(
  accountId: string,
  effect: Effect,
  requested: Resource | undefined,
  id = 'minitwit-database-old',
): IamRequest[] {
  const request = (name: string, ...resources: string[]) =>
    resources.map((resource) => ({
      action: `rds:${name}`,
      resource: `arn:aws:rds:us-east-1:${accountId}:${resource}`,
    }));
  const { Action, isReplaced, LogicalResourceId, Details } = effect;
  const isReplica = LogicalResourceId.startsWith('Replica');
  const end = [
    ...(isReplica
      ? []
      : request('CreateDBSnapshot', `db:${id}`, 'snapshot:minitwit-snapshot-database-1a2b')),
    ...request('DeleteDBInstance', `db:${id}`),
  ];
  if (Action === 'Remove') return end;
  if (Action === 'Modify' && !isReplaced) {
    const isRebooted = Details.some(({ Target }) => Target.Name === 'DBParameterGroupName');
    return [
      ...request('ModifyDBInstance', `db:${id}`),
      ...(isRebooted ? request('RebootDBInstance', `db:${id}`) : []),
    ];
  }
  const old = Action === 'Modify' ? end : [];
  const {
    DBSnapshotIdentifier: snapshot,
    RestoreTime,
    SourceDBInstanceIdentifier,
  } = requested?.Properties ?? {};
  const database = 'db:minitwit-database-new';
  const used = [
    database,
    'og:default:mysql-8-4',
    'pg:minitwit-databaseparameters-1a2b',
    'subgrp:minitwit-databasesubnets-1a2b',
  ];
  const creation = () => {
    if (SourceDBInstanceIdentifier) return request('CreateDBInstanceReadReplica', ...used);
    if (RestoreTime) {
      return request('RestoreDBInstanceToPointInTime', ...used, 'auto-backup:ab-1a2b');
    }
    return request('RestoreDBInstanceFromDBSnapshot', ...used, `snapshot:${String(snapshot)}`);
  };
  if (!snapshot && !RestoreTime && !SourceDBInstanceIdentifier) {
    return [...request('CreateDBInstance', ...used), ...old];
  }
  return [
    ...creation(),
    ...request('AddTagsToResource', database),
    ...request('ModifyDBInstance', database),
    ...(requested?.Properties.DBParameterGroupName ? request('RebootDBInstance', database) : []),
    ...old,
  ];
}

function formatRefusal(accountId: string, { action, resource }: IamRequest): string {
  return (
    `Resource handler returned message: "User: arn:aws:iam::${accountId}:user/operator is not authorized to perform: ` +
    `${action} on resource: ${resource} because no identity-based policy allows the ${action} action (Service: Rds, ` +
    'Status Code: 403, Request ID: 1)" (RequestToken: 1, HandlerErrorCode: AccessDenied)'
  );
}

async function findDatabase({ rds }: Moto, id: string): Promise<DBInstance | undefined> {
  const request = new DescribeDBInstancesCommand({ DBInstanceIdentifier: id });
  return (await rds.send(request)).DBInstances?.[0];
}

async function takeLastSnapshot({ rds }: Moto, prefix: string, database: DBInstance) {
  const { DBInstanceIdentifier, TagList } = database;
  const suffix = randomInt(1e8, 1e9).toString(36);
  const DBSnapshotIdentifier = `${prefix}-${suffix}`.toLowerCase();
  await rds.send(
    new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier, Tags: TagList }),
  );
}

/** Lets moto delete a protected database, and returns a function that creates it again. */
async function abandon({ rds }: Moto, database: DBInstance): Promise<() => Promise<void>> {
  const { DBInstanceIdentifier, DBInstanceClass, Engine, AllocatedStorage, TagList } = database;
  await rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier, DeletionProtection: false }));
  return async () => {
    await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier,
        DBInstanceClass,
        Engine,
        AllocatedStorage,
        MasterUsername: 'admin',
        ManageMasterUserPassword: true,
        DeletionProtection: true,
        Tags: TagList,
      }),
    );
  };
}

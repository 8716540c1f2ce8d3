import { createHash } from 'node:crypto';
import {
  type DBInstance,
  type DBInstanceAutomatedBackup,
  DescribeDBInstancesCommand,
} from '@aws-sdk/client-rds';
import type { AwsStub } from '../../support/aws-stub.ts';
import type { Moto } from './moto.ts';
import { answerActions, NamedList, Refusal } from './query.ts';

const DAY_MS = 24 * 3_600_000;
// RDS uploads the logs of a database every five minutes.
const LAG_MS = 5 * 60_000;

/** The automated backups of RDS in an account, which moto lacks. */
export interface AutomatedBackups {
  /** For how many days each database has had backups. */
  days: number;
  /** Retains the backups of a database that is about to be deleted. */
  retain: (databaseId: string) => Promise<void>;
  /** Deletes all retained backups, as RDS does after the days. */
  expire: () => void;
}

/** Answers requests about the automated backups of existing and deleted databases. */
export function emulateAutomatedBackups(account: AwsStub, { rds }: Moto): AutomatedBackups {
  const retained: DBInstanceAutomatedBackup[] = [];
  const listActive = async () => {
    const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand());
    return DBInstances.map((database) => describe(database, backups.days));
  };
  const backups: AutomatedBackups = {
    days: 7,
    retain: async (databaseId) => {
      const active = await listActive();
      const backup = active.find((it) => it.DBInstanceIdentifier === databaseId);
      if (backup) retained.push({ ...backup, Status: 'retained' });
    },
    expire: () => void retained.splice(0),
  };
  answerActions(account, 'rds', {
    DescribeDBInstanceAutomatedBackups: async () => {
      const all = [...(await listActive()), ...retained];
      return { DBInstanceAutomatedBackups: new NamedList('DBInstanceAutomatedBackup', all) };
    },
    DeleteDBInstanceAutomatedBackup: async ({ DbiResourceId }) => {
      const isOfIt = (backup: DBInstanceAutomatedBackup) => backup.DbiResourceId === DbiResourceId;
      if ((await listActive()).some(isOfIt)) {
        throw new Refusal(
          'InvalidDBInstanceAutomatedBackupState',
          'Cannot delete the automated backup of an existing DB instance.',
        );
      }
      const index = retained.findIndex(isOfIt);
      if (index === -1) {
        throw new Refusal(
          'DBInstanceAutomatedBackupNotFound',
          `DBInstanceAutomatedBackup ${DbiResourceId} not found.`,
        );
      }
      retained.splice(index, 1);
      return {};
    },
  });
  return backups;
}

function describe(database: DBInstance, days: number): DBInstanceAutomatedBackup {
  const { DBInstanceIdentifier = '', InstanceCreateTime = new Date() } = database;
  const hash = createHash('sha256').update(DBInstanceIdentifier).digest('hex');
  return {
    DbiResourceId: `db-${hash.slice(0, 26).toUpperCase()}`,
    DBInstanceIdentifier,
    Status: 'active',
    Engine: database.Engine,
    EngineVersion: database.EngineVersion,
    AllocatedStorage: database.AllocatedStorage,
    Encrypted: database.StorageEncrypted,
    BackupRetentionPeriod: database.BackupRetentionPeriod,
    InstanceCreateTime,
    RestoreWindow: {
      EarliestTime: new Date(Number(InstanceCreateTime) - days * DAY_MS),
      LatestTime: new Date(Date.now() - LAG_MS),
    },
  };
}

import { parseArgs, type ParseArgsConfig } from 'node:util';
import { OperatorError } from '../errors.ts';

/** What somebody typed after `npm run warehouse --`. */
export type CommandLine =
  | ({ command: 'run'; local: boolean; keep: boolean; dryRun: boolean } & CopyOptions)
  | { command: 'finish' | 'status' | 'cleanup' | 'snapshots' }
  | { command: 'provision'; sizeGb: number; zone: string | null; imageId: string | null }
  | { command: 'prune'; keep: number }
  | { command: 'restore'; snapshotId: string; zone: string | null }
  | { command: 'restore-dump'; dump: string; local: boolean; force: boolean }
  | { command: 'report'; open: boolean };

/** How `run` is to copy. */
export interface CopyOptions {
  withCredentials: boolean;
  /** Null for as fast as it can. */
  maxRowsPerSecond: number | null;
}

const USAGE = `Usage: npm run warehouse -- COMMAND

  run                       a whole cycle: start a server, copy, analyse, report, snapshot, end the server
      --keep                leave the server up, for people to ask; \`finish\` ends it
      --local               no AWS: the warehouse is a database in .data/warehouse
      --dry-run             say every step and change nothing; ask AWS whether it would be allowed
      --with-credentials    copy the hashes of passwords as well
      --max-rows-per-second N
  finish                    what --keep left out: snapshot, end the server
  report [--open]           where the last run's report is
  status                    what there is in AWS, and what it costs an hour
  cleanup                   end what a dead run has left behind
  snapshots                 list them
  snapshots prune --keep N  delete all but the newest N
  restore SNAPSHOT          make a new volume from it [--zone ZONE]
  restore-dump RUN          bring a dump of the bucket (or \`latest\`, or a file) into the database DB_NAME
      --local               into the local warehouse instead
      --force               replace the tables that are there
  provision                 make the volume and the image [--size-gb N] [--zone ZONE] [--image AMI]`;

const flag = { type: 'boolean' } as const;
const text = { type: 'string' } as const;
const OPTIONS: Record<string, ParseArgsConfig['options']> = {
  run: {
    local: flag,
    keep: flag,
    'dry-run': flag,
    'with-credentials': flag,
    'max-rows-per-second': text,
  },
  report: { open: flag },
  snapshots: { keep: text },
  restore: { zone: text },
  'restore-dump': { local: flag, force: flag },
  provision: { 'size-gb': text, zone: text, image: text },
};

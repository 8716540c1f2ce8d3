import { accessSync, constants, statSync } from 'node:fs';
import { z } from 'zod';
import { toDatabaseConfig } from '../config/config.ts';
import { type Environment, integer, oneOf, readSettings, required } from '../config/environment.ts';
import { databaseSettings } from '../config/database-settings.ts';

const id = (prefix: string) =>
  required.regex(
    new RegExp(`^${prefix}-[0-9a-f]{8,17}$`),
    `must be an id such as ${prefix}-0123456789abcdef0`,
  );

/** The path of a private key that ssh accepts: readable for its owner only. */
const keyFile = required.superRefine((path, context) => {
  try {
    accessSync(path, constants.R_OK);
    if (statSync(path).mode & 0o077) {
      context.addIssue(
        `names ${path}, which other users can read, so that ssh refuses it. Run chmod 600 ${path} first`,
      );
    }
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    context.addIssue(`names ${path}, which cannot be read (${reason})`);
  }
});

/** All settings of the warehouse. The descriptions are the column `Meaning` of the table in docs/warehouse.md. */
export const warehouseSettings = z.object({
  WAREHOUSE_IMAGE_ID: id('ami').describe('Image that `provision` created.'),
  WAREHOUSE_VOLUME_ID: id('vol').describe('Volume with the data. The instance starts in its zone.'),
  WAREHOUSE_VOLUME_DEVICE: z
    .string()
    .regex(/^\/dev\/sd[f-p]$/, 'must be one of /dev/sdf to /dev/sdp')
    .default('/dev/sdf')
    .describe('Device name for EC2. The instance finds the volume by its label, `mysqlvol`.'),
  WAREHOUSE_MOUNT_DIR: z
    .string()
    .regex(
      /^(\/[\w.-]+)+$/,
      'must be an absolute path of letters, digits, dots, underscores and hyphens',
    )
    .default('/mysql-db')
    .describe('Mount point. `provision` builds it into the image.'),
  WAREHOUSE_KEY_NAME: required.describe('Name of the key pair in EC2.'),
  WAREHOUSE_KEY_FILE: keyFile.describe(
    'Path of its private key. Only you may have read permission.',
  ),
  WAREHOUSE_SECURITY_GROUP: id('sg').describe(
    'Security group that allows ssh from your machine. It needs no other port.',
  ),
  WAREHOUSE_INSTANCE_TYPE: z.string().default('t3.large').describe('Type of the instance.'),
  WAREHOUSE_SUBNET_ID: id('subnet')
    .nullable()
    .default(null)
    .describe(
      "Subnet of the instance, in the volume's zone. Unless it is set, the default subnet of the zone.",
    ),
  WAREHOUSE_MARKET: oneOf('spot', 'on-demand')
    .default('on-demand')
    .describe('`on-demand` or `spot`.'),
  WAREHOUSE_SSH_USER: z
    .string()
    .regex(/^[a-z_][\w-]*$/, 'must be the name of a user')
    .default('ec2-user')
    .describe('User for ssh.'),
  WAREHOUSE_HOST_KEY: oneOf('console', 'first-seen')
    .default('console')
    .describe(
      "`console`: reads the ssh host key from the instance's console. `first-seen`: trusts the first host key.",
    ),
  WAREHOUSE_DB_USER: z
    .string()
    .regex(/^\w{1,32}$/, 'must be up to 32 letters, digits and _')
    .default('analyst')
    .describe('MySQL user for queries in the warehouse.'),
  WAREHOUSE_DB_PASSWD: required
    .min(12, 'must be at least 12 characters long')
    .describe('Its password, 12 characters or more. You can choose another one for each run.'),
  WAREHOUSE_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket of S3')
    .nullable()
    .default(null)
    .describe('S3 bucket for the report, Parquet files and dump of each run.'),
  WAREHOUSE_STATISTICS: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'Folder with [statistics of your own](#statistics-of-your-own), also for local runs.',
    ),
  WAREHOUSE_ATHENA_WORKGROUP: z
    .string()
    .regex(/^[\w.-]{1,128}$/, 'must be the name of a workgroup of Athena')
    .default('minitwit')
    .describe(
      "Workgroup of `sql --athena`: the stack's output `WarehouseWorkgroup`, which is its name.",
    ),
  WAREHOUSE_ATHENA_DATABASE: z
    .string()
    .regex(/^\w{1,255}$/, 'must be the name of a database of Athena')
    .default('minitwit')
    .describe('Database of `sql --athena`: the output `WarehouseCatalog`.'),
  WAREHOUSE_MAX_HOURS: integer(1, 24 * 7)
    .default(8)
    .describe('Maximum duration of a run in hours.'),
});

const endSettings = warehouseSettings.pick({
  WAREHOUSE_MOUNT_DIR: true,
  WAREHOUSE_KEY_FILE: true,
  WAREHOUSE_SSH_USER: true,
  WAREHOUSE_HOST_KEY: true,
  WAREHOUSE_MAX_HOURS: true,
});

const instanceSettings = endSettings.extend(
  warehouseSettings.pick({
    WAREHOUSE_VOLUME_DEVICE: true,
    WAREHOUSE_KEY_NAME: true,
    WAREHOUSE_SECURITY_GROUP: true,
    WAREHOUSE_INSTANCE_TYPE: true,
    WAREHOUSE_SUBNET_ID: true,
    WAREHOUSE_MARKET: true,
  }).shape,
);

const localSettings = warehouseSettings.pick({ WAREHOUSE_STATISTICS: true });
const athenaSettings = warehouseSettings.pick({
  WAREHOUSE_ATHENA_WORKGROUP: true,
  WAREHOUSE_ATHENA_DATABASE: true,
});

const storageSettings = z.object({
  WAREHOUSE_VOLUME_ID: warehouseSettings.shape.WAREHOUSE_VOLUME_ID.nullable().default(null),
  WAREHOUSE_BUCKET: warehouseSettings.shape.WAREHOUSE_BUCKET,
});

/** The settings that `finish` needs. */
export type EndConfig = ReturnType<typeof toEndConfig>;

/** The settings of an instance. */
export type InstanceConfig = ReturnType<typeof toInstanceConfig>;

/** The settings of a run on AWS. */
export type WarehouseConfig = ReturnType<typeof toWarehouseConfig>;

/** The source database, and the settings of the warehouse. */
export type RunConfig = ReturnType<typeof readRunConfig>;

/** The volume and the bucket of a warehouse; null where not set. */
export type StorageConfig = ReturnType<typeof readStorageConfig>;

/**
 * Reads the settings of a run on AWS, without those of AWS's SDK.
 * @throws OperatorError with all invalid and missing settings, and no value of a secret
 */
export function readRunConfig(environment: Environment) {
  const values = readSettings(z.intersection(databaseSettings, warehouseSettings), environment);
  return { source: toDatabaseConfig(values), warehouse: toWarehouseConfig(values) };
}

/**
 * Reads the settings of commands that start no instance.
 * @throws OperatorError with all invalid settings
 */
export function readStorageConfig(environment: Environment) {
  const values = readSettings(storageSettings, environment);
  return { volumeId: values.WAREHOUSE_VOLUME_ID, bucket: values.WAREHOUSE_BUCKET };
}

/** Reads the folder of the operator's own statistics. Null for none. */
export function readStatisticsFolder(environment: Environment): string | null {
  return readSettings(localSettings, environment).WAREHOUSE_STATISTICS;
}

/**
 * Reads the settings of queries in Athena.
 * @throws OperatorError with all invalid settings
 */
export function readAthenaConfig(environment: Environment) {
  const values = readSettings(athenaSettings, environment);
  return {
    workgroup: values.WAREHOUSE_ATHENA_WORKGROUP,
    database: values.WAREHOUSE_ATHENA_DATABASE,
  };
}

/**
 * Reads the settings of an instance, which `provision` needs before an image and a volume exist.
 * @throws OperatorError with all invalid and missing settings
 */
export function readInstanceConfig(environment: Environment): InstanceConfig {
  return toInstanceConfig(readSettings(instanceSettings, environment));
}

/**
 * Reads the settings that `finish` needs. The rest is in the state file of the run.
 * @throws OperatorError with all invalid and missing settings
 */
export function readEndConfig(environment: Environment): EndConfig {
  return toEndConfig(readSettings(endSettings, environment));
}

function toWarehouseConfig(values: z.infer<typeof warehouseSettings>) {
  return {
    ...toInstanceConfig(values),
    imageId: values.WAREHOUSE_IMAGE_ID,
    volumeId: values.WAREHOUSE_VOLUME_ID,
    databaseUser: values.WAREHOUSE_DB_USER,
    databasePassword: values.WAREHOUSE_DB_PASSWD,
    /** Null for none. */
    bucket: values.WAREHOUSE_BUCKET,
  };
}

function toInstanceConfig(values: z.infer<typeof instanceSettings>) {
  return {
    ...toEndConfig(values),
    /** EC2's name for the volume's device. Linux may use another name. */
    volumeDevice: values.WAREHOUSE_VOLUME_DEVICE,
    keyName: values.WAREHOUSE_KEY_NAME,
    securityGroup: values.WAREHOUSE_SECURITY_GROUP,
    instanceType: values.WAREHOUSE_INSTANCE_TYPE,
    /** Null for the default subnet of the volume's zone. */
    subnetId: values.WAREHOUSE_SUBNET_ID,
    market: values.WAREHOUSE_MARKET,
  };
}

function toEndConfig(values: z.infer<typeof endSettings>) {
  return {
    mountDir: values.WAREHOUSE_MOUNT_DIR,
    keyFile: values.WAREHOUSE_KEY_FILE,
    sshUser: values.WAREHOUSE_SSH_USER,
    hostKey: values.WAREHOUSE_HOST_KEY,
    maxHours: values.WAREHOUSE_MAX_HOURS,
  };
}

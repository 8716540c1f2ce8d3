import { accessSync, constants, statSync } from 'node:fs';
import { z } from 'zod';
import { type DatabaseConfig, toDatabaseConfig } from '../config/config.ts';
import { type Environment, integer, oneOf, readSettings, required } from '../config/environment.ts';
import { databaseSettings } from '../config/settings.ts';

/** The settings that `finish` needs. docs/warehouse.md explains all settings. */
export interface EndConfig {
  mountDir: string;
  /** The path of the private key. */
  keyFile: string;
  sshUser: string;
  /** Whether the instance's ssh host key is read from its console, or trusted at the first connection. */
  hostKey: 'console' | 'first-seen';
  /** The time limit of a command and its instance. */
  maxHours: number;
}

/** The settings of an instance. */
export interface InstanceConfig extends EndConfig {
  /** EC2's name for the volume's device. Linux may use another name. */
  volumeDevice: string;
  keyName: string;
  securityGroup: string;
  instanceType: string;
  /** Null means the default subnet of the volume's zone. */
  subnetId: string | null;
  market: 'spot' | 'on-demand';
}

/** The settings of a run on AWS. */
export interface WarehouseConfig extends InstanceConfig {
  imageId: string;
  volumeId: string;
  /** The user of the warehouse's MySQL. */
  databaseUser: string;
  databasePassword: string;
  /** The bucket for reports and dumps; null for none. */
  bucket: string | null;
}

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
        `names a file that other users can read, which ssh refuses: chmod 600 ${path}`,
      );
    }
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    context.addIssue(`names a file that cannot be read (${reason}): ${path}`);
  }
});

const volumeId = id('vol');
const bucket = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket of S3');

const storageSettings = z.object({
  WAREHOUSE_VOLUME_ID: volumeId.optional(),
  WAREHOUSE_BUCKET: bucket.optional(),
});

const instanceSettings = z.object({
  WAREHOUSE_VOLUME_DEVICE: z
    .string()
    .regex(/^\/dev\/sd[f-p]$/, 'must be one of /dev/sdf to /dev/sdp')
    .default('/dev/sdf'),
  WAREHOUSE_MOUNT_DIR: z
    .string()
    .regex(/^(\/[\w.-]+)+$/, 'must be an absolute path of letters, digits and . _ -')
    .default('/mysql-db'),
  WAREHOUSE_KEY_NAME: required,
  WAREHOUSE_KEY_FILE: keyFile,
  WAREHOUSE_SECURITY_GROUP: id('sg'),
  WAREHOUSE_INSTANCE_TYPE: z.string().default('t3.large'),
  WAREHOUSE_SUBNET_ID: id('subnet').optional(),
  WAREHOUSE_MARKET: oneOf('spot', 'on-demand').default('on-demand'),
  WAREHOUSE_SSH_USER: z
    .string()
    .regex(/^[a-z_][\w-]*$/, 'must be the name of a user')
    .default('ec2-user'),
  WAREHOUSE_HOST_KEY: oneOf('console', 'first-seen').default('console'),
  WAREHOUSE_MAX_HOURS: integer(1, 24 * 7).default(8),
});

const endSettings = instanceSettings.pick({
  WAREHOUSE_MOUNT_DIR: true,
  WAREHOUSE_KEY_FILE: true,
  WAREHOUSE_SSH_USER: true,
  WAREHOUSE_HOST_KEY: true,
  WAREHOUSE_MAX_HOURS: true,
});

const warehouseSettings = instanceSettings.extend({
  WAREHOUSE_IMAGE_ID: id('ami'),
  WAREHOUSE_VOLUME_ID: volumeId,
  WAREHOUSE_DB_USER: z
    .string()
    .regex(/^\w{1,32}$/, 'must be up to 32 letters, digits and _')
    .default('analyst'),
  WAREHOUSE_DB_PASSWD: required.min(12, 'must be at least 12 characters long'),
  WAREHOUSE_BUCKET: bucket.optional(),
});

/** The source database, and the settings of the warehouse. */
export interface RunConfig {
  source: DatabaseConfig;
  warehouse: WarehouseConfig;
}

/**
 * Reads the settings of a run on AWS, without those of AWS's SDK.
 * @throws OperatorError with all invalid and missing settings, and no value of a secret
 */
export function readRunConfig(environment: Environment): RunConfig {
  const values = readSettings(z.intersection(databaseSettings, warehouseSettings), environment);
  return {
    source: toDatabaseConfig(values),
    warehouse: {
      ...toInstanceConfig(values),
      imageId: values.WAREHOUSE_IMAGE_ID,
      volumeId: values.WAREHOUSE_VOLUME_ID,
      databaseUser: values.WAREHOUSE_DB_USER,
      databasePassword: values.WAREHOUSE_DB_PASSWD,
      bucket: values.WAREHOUSE_BUCKET ?? null,
    },
  };
}

/** The volume and the bucket of a warehouse; null where not set. */
export interface StorageConfig {
  volumeId: string | null;
  bucket: string | null;
}

/**
 * Reads the settings of commands that start no instance.
 * @throws OperatorError with all invalid settings
 */
export function readStorageConfig(environment: Environment): StorageConfig {
  const values = readSettings(storageSettings, environment);
  return {
    volumeId: values.WAREHOUSE_VOLUME_ID ?? null,
    bucket: values.WAREHOUSE_BUCKET ?? null,
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

function toInstanceConfig(values: z.infer<typeof instanceSettings>): InstanceConfig {
  return {
    ...toEndConfig(values),
    volumeDevice: values.WAREHOUSE_VOLUME_DEVICE,
    keyName: values.WAREHOUSE_KEY_NAME,
    securityGroup: values.WAREHOUSE_SECURITY_GROUP,
    instanceType: values.WAREHOUSE_INSTANCE_TYPE,
    subnetId: values.WAREHOUSE_SUBNET_ID ?? null,
    market: values.WAREHOUSE_MARKET,
  };
}

function toEndConfig(values: z.infer<typeof endSettings>): EndConfig {
  return {
    mountDir: values.WAREHOUSE_MOUNT_DIR,
    keyFile: values.WAREHOUSE_KEY_FILE,
    sshUser: values.WAREHOUSE_SSH_USER,
    hostKey: values.WAREHOUSE_HOST_KEY,
    maxHours: values.WAREHOUSE_MAX_HOURS,
  };
}

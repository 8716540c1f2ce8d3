import { accessSync, constants, statSync } from 'node:fs';
import { z } from 'zod';
import { type DatabaseConfig, toDatabaseConfig } from '../config/config.ts';
import { type Environment, integer, oneOf, readSettings, required } from '../config/environment.ts';
import { databaseSettings } from '../config/settings.ts';

/** How a run's instance is logged in to, and left in order; docs/warehouse.md explains the settings. */
export interface EndConfig {
  mountDir: string;
  /** Path of the private key. */
  keyFile: string;
  sshUser: string;
  /** Whether the instance's ssh key is read from its console, or trusted when it is first seen. */
  hostKey: 'console' | 'first-seen';
  /** After so many hours a command gives up, and its instance ends by itself. */
  maxHours: number;
}

/** How an instance is started besides. */
export interface InstanceConfig extends EndConfig {
  /** What EC2 is told to call the volume; Linux may call it otherwise. */
  volumeDevice: string;
  keyName: string;
  securityGroup: string;
  instanceType: string;
  /** Null for the default subnet of the volume's zone. */
  subnetId: string | null;
  market: 'spot' | 'on-demand';
}

/** What a run on AWS has to be told. */
export interface WarehouseConfig extends InstanceConfig {
  imageId: string;
  volumeId: string;
  /** Who logs in to the warehouse's MySQL. */
  databaseUser: string;
  databasePassword: string;
  /** Where reports and dumps are kept as well; null for nowhere. */
  bucket: string | null;
}

const id = (prefix: string) =>
  required.regex(
    new RegExp(`^${prefix}-[0-9a-f]{8,17}$`),
    `must be an id such as ${prefix}-0123456789abcdef0`,
  );

/** A file that ssh takes as a key: ours, and nobody else may read it. */
const keyFile = required.superRefine((path, context) => {
  try {
    accessSync(path, constants.R_OK);
    if (statSync(path).mode & 0o077) {
      context.addIssue(`names a file that others may read, which ssh refuses: chmod 600 ${path}`);
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

/** What is copied, and whereto. */
export interface RunConfig {
  source: DatabaseConfig;
  warehouse: WarehouseConfig;
}

/**
 * Reads the settings of a run on AWS. Which account, region and endpoint is for AWS's SDK to find out.
 * @throws OperatorError that names all bad and missing settings at once, and no secret's value
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

/** Where a warehouse is kept, as far as the settings say. */
export interface StorageConfig {
  volumeId: string | null;
  bucket: string | null;
}

/**
 * Reads the settings for commands that start no instance.
 * @throws OperatorError that names all bad settings at once
 */
export function readStorageConfig(environment: Environment): StorageConfig {
  const values = readSettings(storageSettings, environment);
  return {
    volumeId: values.WAREHOUSE_VOLUME_ID ?? null,
    bucket: values.WAREHOUSE_BUCKET ?? null,
  };
}

/**
 * Reads those of them that are known before there are an image and a volume.
 * @throws OperatorError that names all bad and missing settings at once
 */
export function readInstanceConfig(environment: Environment): InstanceConfig {
  return toInstanceConfig(readSettings(instanceSettings, environment));
}

/**
 * Reads those that it takes to end a run, which says itself what else there is to know of it.
 * @throws OperatorError that names all bad and missing settings at once
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

import {
  DescribeDBEngineVersionsCommand,
  paginateDescribeOrderableDBInstanceOptions,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { z } from 'zod';
import { withAwsError } from '../../aws/errors.ts';
import { listItems } from '../../aws/pages.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { Check } from './check.ts';

const ENGINE = 'mysql';
const STORAGE = 'gp3';

/** Whether RDS offers the class and version of the database in this region. */
export const databaseOffer: Check = {
  subject: 'database',
  run: async ({ clients: { rds } }, readValues) => {
    const { DatabaseClass = '', DatabaseVersion = '', DatabaseMultiAz } = await readValues();
    const version = await requireVersion(rds, DatabaseVersion);
    const offers = await listOffers(rds, version, DatabaseClass);
    const fitting = offers.filter(
      ({ StorageType, MultiAZCapable }) =>
        StorageType === STORAGE && (DatabaseMultiAz !== 'yes' || MultiAZCapable),
    );
    const zones = DatabaseMultiAz === 'yes' ? ' in two zones' : '';
    const offer = `MySQL ${version} on ${DatabaseClass} with ${STORAGE} storage${zones}`;
    if (fitting.length > 0) return `This region offers ${offer}.`;
    throw new OperatorError(`This region does not offer ${offer}. Set another DatabaseClass.`);
  },
};

/** Returns the version that RDS would install for a version such as `8.4`. */
async function requireVersion(rds: RDSClient, EngineVersion: string): Promise<string> {
  const request = rds.send(
    new DescribeDBEngineVersionsCommand({ Engine: ENGINE, EngineVersion, DefaultOnly: true }),
  );
  const response = await withAwsError('Cannot read the versions of MySQL', request);
  const [version] = response.DBEngineVersions ?? [];
  if (version?.EngineVersion) return version.EngineVersion;
  throw new OperatorError(
    `RDS does not offer MySQL ${EngineVersion} in this region. Set another DatabaseVersion.`,
  );
}

const offerSchema = z.object({
  StorageType: z.string().default(''),
  MultiAZCapable: z.boolean().default(false),
});

function listOffers(rds: RDSClient, EngineVersion: string, DBInstanceClass: string) {
  return listItems(
    `Cannot read the offers of ${DBInstanceClass}`,
    paginateDescribeOrderableDBInstanceOptions(
      { client: rds },
      { Engine: ENGINE, EngineVersion, DBInstanceClass, Vpc: true },
    ),
    ({ OrderableDBInstanceOptions }) => OrderableDBInstanceOptions,
    offerSchema,
  );
}

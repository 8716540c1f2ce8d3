import type { RequestedStack } from './moto-template.ts';
import type { Fault } from './resources.ts';

/**
 * Returns the database that the rollback of a failed creation cannot delete, or undefined. Another resource fails while
 * RDS creates the database. CloudFormation then takes a final snapshot, which is its default for databases, and RDS
 * refuses that.
 */
export function findUndeletableDatabase(
  { resources }: RequestedStack,
  { resource }: Fault,
): Fault | undefined {
  const found = Object.entries(resources).find(
    ([name, { Type, DeletionPolicy = 'Snapshot' }]) =>
      Type === 'AWS::RDS::DBInstance' && DeletionPolicy === 'Snapshot' && name !== resource,
  );
  return (
    found && {
      resource: found[0],
      reason:
        'Cannot create a snapshot because the database instance minitwit-database-a1b2c3 is not currently in the ' +
        'available state. (Service: Rds, Status Code: 400, Request ID: 0a1b2c3d)',
    }
  );
}

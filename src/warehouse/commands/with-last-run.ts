import { createEc2 } from '../../aws/clients.ts';
import type { Environment } from '../../config/environment.ts';
import { formatLastRun } from '../local/last-run.ts';

// This setting also applies to a run without AWS.
const STATISTICS_FOLDER = 'WAREHOUSE_STATISTICS';

/**
 * Prints the last run of this machine, and then calls `printAws`, if a setting of the warehouse on AWS or a region of AWS
 * is set.
 * @param folder the folder of the warehouse's data
 */
export async function withLastRun(
  environment: Environment,
  { folder, print }: { folder: string; print: (line: string) => void },
  printAws: () => Promise<void>,
): Promise<void> {
  const lines = await formatLastRun(folder);
  for (const line of lines) print(line);
  if (await usesAws(environment)) return printAws();
  print(
    lines.length > 0
      ? 'A run with --local takes no snapshot and uses no resources in AWS. To list those of AWS, set AWS_REGION.'
      : 'There was no run on this machine yet. To start one without AWS: npm run warehouse -- run --local. ' +
          'docs/warehouse.md lists the settings for AWS.',
  );
}

async function usesAws(environment: Environment): Promise<boolean> {
  const isForAws = (name: string) =>
    name.startsWith('WAREHOUSE_') && name !== STATISTICS_FOLDER && Boolean(environment[name]);
  if (Object.keys(environment).some(isForAws)) return true;
  const ec2 = createEc2();
  try {
    // The SDK also reads the region from its configuration file.
    return Boolean(await ec2.config.region());
  } catch {
    return false;
  } finally {
    ec2.destroy();
  }
}

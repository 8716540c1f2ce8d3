import { createEc2 } from '../../aws/clients.ts';
import type { Environment } from '../../config/environment.ts';
import { formatLastRun } from '../local/last-run.ts';

/**
 * Prints the last run of this machine, and then calls `printAws`, if a setting of the warehouse or a region of AWS is
 * there.
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
      ? 'A run with --local takes no snapshot and needs no resources in AWS. No settings of AWS are here.'
      : 'There was no run on this machine yet. To start one without AWS: npm run warehouse -- run --local. ' +
          'docs/warehouse.md lists the settings for AWS.',
  );
}

async function usesAws(environment: Environment): Promise<boolean> {
  if (Object.keys(environment).some((name) => name.startsWith('WAREHOUSE_') && environment[name]))
    return true;
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

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { OperatorError } from '../../errors/operator-error.ts';
import { findLastReport } from '../report/folders.ts';

/**
 * Prints the URL of the last run's report. With `open`, also opens it in a browser.
 * @throws OperatorError when there is no report, or no program that opens it
 */
export async function showReport(
  folder: string,
  { open, print }: { open: boolean; print: (line: string) => void },
): Promise<void> {
  const path = await findLastReport(folder);
  if (path === null) {
    throw new OperatorError(
      'There is no report yet. Create one with: npm run warehouse -- run --local',
    );
  }
  print(pathToFileURL(path).href);
  if (!open) return;
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const opener = spawn(program, [path], { stdio: 'ignore', detached: true });
  await once(opener, 'spawn').catch(() => {
    throw new OperatorError(`Cannot start ${program}. Open the report in a browser yourself.`);
  });
  opener.unref();
}

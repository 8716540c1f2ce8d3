import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { OperatorError } from '../../errors/operator-error.ts';
import { findLastReport } from '../report/folders.ts';

/**
 * Says where the last run's report is, and opens it in a browser if that is asked.
 * @throws OperatorError when there is none, or nothing that opens it
 */
export async function showReport(
  folder: string,
  { open, print }: { open: boolean; print: (line: string) => void },
): Promise<void> {
  const path = await findLastReport(folder);
  if (path === null) {
    throw new OperatorError('There is no report yet: npm run warehouse -- run --local makes one.');
  }
  print(pathToFileURL(path).href);
  if (!open) return;
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const opener = spawn(program, [path], { stdio: 'ignore', detached: true });
  await once(opener, 'spawn').catch(() => {
    throw new OperatorError(`There is no ${program} here: open it yourself.`);
  });
  opener.unref();
}

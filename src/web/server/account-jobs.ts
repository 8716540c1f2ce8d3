import type { Logger } from 'pino';
import type { Repositories } from '../../repositories/repositories.ts';

const RUN_EVERY_MS = 10_000;
const ACCOUNTS_PER_RUN = 100;

/**
 * Lifts suspensions that have ended and continues deletions of accounts, every 10 s, until the returned function is
 * called. The jobs of all processes can run at the same time.
 */
export function startAccountJobs(
  { hiddenAuthors, accountDeletion }: Pick<Repositories, 'hiddenAuthors' | 'accountDeletion'>,
  logger: Logger,
): () => void {
  let isRunning = false;

  async function run(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    try {
      await hiddenAuthors.liftEndedSuspensions(ACCOUNTS_PER_RUN);
      const deleted = await accountDeletion.continueDeletions(ACCOUNTS_PER_RUN);
      if (deleted > 0) logger.info({ deleted }, 'The rows of deleted accounts were removed.');
    } catch (err) {
      logger.warn({ err }, 'Suspensions could not be lifted, or accounts could not be deleted.');
    }
    isRunning = false;
  }

  const timer = setInterval(() => void run(), RUN_EVERY_MS);
  return () => clearInterval(timer);
}

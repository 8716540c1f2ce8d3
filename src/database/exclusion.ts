import type { Logger } from 'pino';
import { errorMessage } from '../errors/error-message.ts';

/** Excludes a replica from reads while it fails. */
export interface Exclusion {
  isExcluded(): boolean;
  /** Excludes the replica until it has passed a probe. Returns false if it was excluded before. */
  exclude(reason: unknown): boolean;
  /** Ends the probes. */
  end(): void;
}

const PROBE_AFTER_MS = 5000;

/**
 * Creates the exclusion of a replica.
 * @param probe rejects if the replica still fails. It is called every five seconds
 */
export function createExclusion(
  name: string,
  { probe, logger }: { probe: () => Promise<void>; logger: Logger },
): Exclusion {
  let isExcluded = false;
  let hasEnded = false;
  let timer: NodeJS.Timeout | undefined;

  function probeLater(): void {
    if (!hasEnded) timer = setTimeout(() => void readmit(), PROBE_AFTER_MS).unref();
  }

  async function readmit(): Promise<void> {
    try {
      await probe();
      isExcluded = false;
      logger.info({ replica: name }, 'A replica is used again.');
    } catch {
      probeLater();
    }
  }

  return {
    isExcluded: () => isExcluded,
    exclude(reason) {
      if (isExcluded) return false;
      isExcluded = true;
      logger.warn({ replica: name, reason: errorMessage(reason) }, 'A replica is excluded.');
      probeLater();
      return true;
    },
    end() {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
}

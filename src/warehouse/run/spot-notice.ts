import { setTimeout as sleep } from 'node:timers/promises';
import { findSpotStatus } from '../ec2/spot.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { WarehouseContext } from '../context.ts';
import type { RunState } from './state.ts';

/** Polls for a spot instance's interruption notice, which AWS publishes two minutes before it stops the instance. */
export interface SpotNoticeWatch {
  /** Aborted on the notice. Its reason is an OperatorError. */
  signal: AbortSignal;
  end: () => void;
}

/** Starts to poll for the notice. Sends no request while the run has no spot instance. */
export function watchSpotNotice(
  { ec2, timing }: WarehouseContext,
  state: RunState,
): SpotNoticeWatch {
  const notice = new AbortController();
  const ended = new AbortController();
  const watch = async () => {
    while (!ended.signal.aborted && !notice.signal.aborted) {
      const id = state.spotRequestId;
      // The next poll makes up for one that fails.
      const status = id && (await findSpotStatus(ec2, id).catch(() => null));
      if (status && isInterruption(status))
        notice.abort(new OperatorError(formatInterruption(status)));
      await sleep(timing.spotPollIntervalMs, undefined, { signal: ended.signal, ref: false }).catch(
        () => undefined,
      );
    }
  };
  void watch();
  return { signal: notice.signal, end: () => ended.abort() };
}

function isInterruption(status: string): boolean {
  return /^(marked-for-|instance-terminated-|instance-stopped-)/.test(status);
}

function formatInterruption(status: string): string {
  return (
    `AWS takes the spot instance back (${status}). Run the command again, or set ` +
    'WAREHOUSE_MARKET=on-demand.'
  );
}

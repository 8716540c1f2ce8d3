import { setTimeout as sleep } from 'node:timers/promises';
import { findSpotStatus } from '../../aws/ec2/spot.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { WarehouseContext } from '../context.ts';
import type { RunState } from './state.ts';

/** Asks every few seconds whether AWS wants a spot instance back, of which it gives two minutes' notice. */
export interface SpotNoticeWatch {
  /** Aborted, with an OperatorError as its reason, once it does. */
  signal: AbortSignal;
  endRun: () => void;
}

/** Begins to watch; as long as there is no request to ask about, nothing is asked. */
export function watchSpotNotice(
  { ec2, timing }: WarehouseContext,
  state: RunState,
): SpotNoticeWatch {
  const notice = new AbortController();
  const ended = new AbortController();
  const watch = async () => {
    while (!ended.signal.aborted && !notice.signal.aborted) {
      const id = state.spotRequestId;
      // what cannot be asked now can be asked the next time
      const status = id && (await findSpotStatus(ec2, id).catch(() => null));
      if (status && isInterruption(status))
        notice.abort(new OperatorError(formatInterruption(status)));
      await sleep(timing.spotPollIntervalMs, undefined, { signal: ended.signal, ref: false }).catch(
        () => undefined,
      );
    }
  };
  void watch();
  return { signal: notice.signal, endRun: () => ended.abort() };
}

function isInterruption(status: string): boolean {
  return /^(marked-for-|instance-terminated-|instance-stopped-)/.test(status);
}

function formatInterruption(status: string): string {
  const advice = 'run it again, or with WAREHOUSE_MARKET=on-demand';
  return `AWS takes the spot instance back (${status}): ${advice}.`;
}

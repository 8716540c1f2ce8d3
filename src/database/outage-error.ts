import type { QueryError } from 'mysql2';
import { AppError } from '../errors/app-error.ts';
import type { Outage } from './query-errors.ts';

/** The message if nothing was changed. */
export const TRY_AGAIN = 'MiniTwit cannot answer at this moment. Please try again in a minute.';
/** The message if the outcome of a write is unknown. */
export const OUTCOME_UNKNOWN =
  'MiniTwit lost the connection to its database, so your input may or may not have been stored. Please check before you send it again.';

/** A statement failed because of the server or the network. */
export class OutageError extends Error {
  readonly outage: Outage;
  /**
   * Whether the statement has certainly changed nothing. If false, it may have changed rows if `outage` is `lost` or
   * `timeout`.
   */
  readonly hadNoEffect: boolean;
  override readonly cause: QueryError;

  constructor(outage: Outage, cause: QueryError, { hadNoEffect }: { hadNoEffect: boolean }) {
    super(cause.message);
    this.outage = outage;
    this.hadNoEffect = hadNoEffect;
    this.cause = cause;
  }

  /** Returns the error that users read. Its message warns them if the outcome is unknown. */
  toAppError(): AppError {
    const isOutcomeUnknown =
      !this.hadNoEffect && (this.outage === 'lost' || this.outage === 'timeout');
    const message = isOutcomeUnknown ? OUTCOME_UNKNOWN : TRY_AGAIN;
    return new AppError('unavailable', message, { cause: this.cause });
  }
}

import type { QueryError } from 'mysql2';
import { AppError } from '../errors/app-error.ts';
import type { Outage } from './query-errors.ts';

const TRY_AGAIN = 'MiniTwit cannot answer at this moment. Please try again in a minute.';
const OUTCOME_UNKNOWN =
  'MiniTwit lost its database before it had an answer. What you sent may have been stored or not: please look before you send it again.';

/** A statement failed because of the server or the network. */
export class OutageError extends Error {
  readonly outage: Outage;
  /** Whether the statement has certainly changed nothing. If false, the outage decides. */
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

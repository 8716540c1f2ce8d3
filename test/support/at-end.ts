/** Keeps what is to be done when the test, or the file, is over. */
export type AtEnd = (act: () => void | Promise<void>) => void;

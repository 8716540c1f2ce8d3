import type { Interface } from 'node:readline';

const END = /^(\\q|quit|exit);?$/i;

/**
 * Yields the statements that an operator types, until the end of the input or `exit`. Shows a prompt before each line.
 * Ctrl-C discards the typed text, except while the caller runs a statement.
 * @param name the name in the prompt
 * @param split returns the statements of typed text that ends with a semicolon
 */
export async function* readStatements(
  lines: Interface,
  name: string,
  split: (typed: string) => string[],
): AsyncGenerator<string> {
  let typed = '';
  let hasEnded = false;
  lines.once('close', () => (hasEnded = true));
  const showPrompt = () => {
    // Input may end while a statement runs.
    if (hasEnded) return;
    lines.setPrompt(typed === '' ? `${name}> ` : '> ');
    lines.prompt();
  };
  const discard = () => {
    typed = '';
    // Ctrl-E moves to the end of the line, and Ctrl-U deletes all before it.
    for (const key of ['e', 'u']) lines.write(null, { ctrl: true, name: key });
    showPrompt();
  };
  lines.on('SIGINT', discard);
  showPrompt();
  for await (const line of lines) {
    if (typed === '' && END.test(line.trim())) return;
    typed += `${line}\n`;
    if (/;\s*$/.test(typed)) {
      const statements = split(typed);
      typed = '';
      lines.off('SIGINT', discard);
      yield* statements;
      lines.on('SIGINT', discard);
    }
    showPrompt();
  }
}

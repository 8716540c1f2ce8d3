/** Writes the statements of a JavaScript function that returns HTML. */
export interface CodeWriter {
  /** Appends text to the HTML. */
  addText: (text: string) => void;
  /** Appends the value of an expression, which is a string, to the HTML. */
  addExpression: (code: string) => void;
  addStatement: (code: string) => void;
  /** Returns the statements. */
  finish: () => string;
}

/** Creates a writer. Text that follows text is one constant, and a sequence of values is one concatenation. */
export function createCodeWriter(): CodeWriter {
  const lines: string[] = [];
  let parts: string[] = [];
  let text = '';

  function endText(): void {
    if (text) parts.push(JSON.stringify(text));
    text = '';
  }

  function endConcatenation(): void {
    endText();
    if (parts.length > 0) lines.push(`html += ${parts.join(' + ')};`);
    parts = [];
  }

  return {
    addText(more) {
      text += more;
    },
    addExpression(code) {
      if (code.startsWith('"')) {
        text += JSON.parse(code) as string;
        return;
      }
      endText();
      parts.push(code);
    },
    addStatement(code) {
      endConcatenation();
      lines.push(code);
    },
    finish() {
      endConcatenation();
      return lines.join('\n');
    },
  };
}

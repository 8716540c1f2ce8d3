/** A text of which a page shows the first lines, and the other lines on request. */
export interface CollapsedText {
  visible: string;
  /** The other lines; empty if all lines are visible. */
  hidden: string;
  hiddenLines: number;
}

const VISIBLE_LINES = 12;

/** Splits a text after its twelfth line. The line end between the two parts belongs to neither. */
export function collapseText(text: string): CollapsedText {
  let end = -1;
  for (let line = 0; line < VISIBLE_LINES; line++) {
    end = text.indexOf('\n', end + 1);
    if (end === -1) return { visible: text, hidden: '', hiddenLines: 0 };
  }
  const hidden = text.slice(end + 1);
  return { visible: text.slice(0, end), hidden, hiddenLines: hidden.split('\n').length };
}

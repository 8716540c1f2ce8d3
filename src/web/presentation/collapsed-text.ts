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
  const lines = text.split('\n');
  const hidden = lines.slice(VISIBLE_LINES);
  return {
    visible: hidden.length === 0 ? text : lines.slice(0, VISIBLE_LINES).join('\n'),
    hidden: hidden.join('\n'),
    hiddenLines: hidden.length,
  };
}

/** A text of which only the first lines are shown at once. */
export interface CollapsedText {
  visible: string;
  /** The rest; empty when all lines are shown. */
  hidden: string;
  /** How many lines the rest has. */
  hiddenLines: number;
}

const VISIBLE_LINES = 12;

/** Folds what a text has beyond its twelfth line. The line end between the two parts belongs to neither. */
export function collapseText(text: string): CollapsedText {
  const lines = text.split('\n');
  const folded = lines.slice(VISIBLE_LINES);
  return {
    visible: folded.length === 0 ? text : lines.slice(0, VISIBLE_LINES).join('\n'),
    hidden: folded.join('\n'),
    hiddenLines: folded.length,
  };
}

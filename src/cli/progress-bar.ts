const BAR_WIDTH = 10;
// A terminal shows the bar in one line, which is redrawn. A log gets a new line each time.
const EVERY_MS = { terminal: 100, log: 5000 };

/** The progress of work on a table. */
export interface Progress {
  table: string;
  /** The rows that are done. */
  rows: number;
  /** The rows of them that were sent, for a copy. */
  sent?: number;
  /** The share of the rows, from 0 to 1. */
  share: number;
}

/** The display of the progress. */
export interface ProgressBar {
  show: (progress: Progress) => void;
  /** Ends the line, so that further output begins in the next one. */
  end: () => void;
}

/** The output stream, such as `process.stdout`. */
export interface Screen {
  isTTY?: boolean;
  /** The width of the terminal in characters. */
  columns?: number;
  write: (text: string) => unknown;
}

/** Creates a display: a bar on a terminal, otherwise a line every few seconds. */
export function createProgressBar(
  screen: Screen,
  now: () => number = () => performance.now(),
): ProgressBar {
  const [everyMs, before, after] = screen.isTTY
    ? [EVERY_MS.terminal, '\r', '\u001B[K']
    : [EVERY_MS.log, '', '\n'];
  let table = '';
  let startedAtMs = now();
  let shownAtMs = startedAtMs;
  let isLineOpen = false;
  const end = () => {
    if (isLineOpen) screen.write('\n');
    isLineOpen = false;
  };
  return {
    show(progress) {
      const nowMs = now();
      if (progress.table !== table) end();
      table = progress.table;
      const isDone = progress.share === 1;
      if (!isDone && nowMs - shownAtMs < everyMs) return;
      shownAtMs = nowMs;
      const line = formatProgress(progress, nowMs - startedAtMs);
      // A terminal cannot redraw a line that is longer than its width.
      screen.write(`${before}${line.slice(0, (screen.columns ?? Infinity) - 1)}${after}`);
      isLineOpen = Boolean(screen.isTTY);
      // The time of the next table starts now.
      if (isDone) startedAtMs = nowMs;
    },
    end,
  };
}

/** Calls `work` with a display of its progress, which ends with it. */
export async function withProgressBar<T>(
  screen: Screen,
  work: (bar: ProgressBar) => Promise<T>,
): Promise<T> {
  const bar = createProgressBar(screen);
  try {
    return await work(bar);
  } finally {
    bar.end();
  }
}

/** Formats such as `message  ████████░░░░  43 %  812,345 rows, 3,100 sent, 91,000/s, 0:12 left`. */
function formatProgress({ table, rows, sent, share }: Progress, elapsedMs: number): string {
  const full = Math.floor(share * BAR_WIDTH);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  const perSecond = elapsedMs > 0 ? Math.round((rows / elapsedMs) * 1000) : 0;
  const counts = [
    `${formatCount(rows)} rows`,
    ...(sent === undefined ? [] : [`${formatCount(sent)} sent`]),
    `${formatCount(perSecond)}/s`,
  ];
  // Without any progress, the time that is left is unknown.
  const isKnown = share > 0 && share < 1;
  const left = isKnown ? [`${formatMinutes((elapsedMs / share) * (1 - share))} left`] : [];
  return `  ${table.padEnd(8)} ${bar} ${percent}  ${[...counts, ...left].join(', ')}`;
}

function formatCount(count: number): string {
  return count.toLocaleString('en');
}

function formatMinutes(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

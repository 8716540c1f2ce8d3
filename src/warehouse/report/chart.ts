import { BarChart, CustomChart, LineChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { formatDayAxis, formatShare, formatShort } from './formats.ts';

// Only the needed parts of ECharts are imported. All of it takes three times as long to load.
use([BarChart, CustomChart, LineChart, GridComponent, SVGRenderer]);

// A chart is as wide as its card, and its text grows with it: not too large on a desktop, and readable on a phone.
const WIDTH = 380;
const HEIGHT = 220;
const FONT = { fontSize: 12, color: 'var(--quiet)' };
const LABELS_INSIDE = { outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' };

/** A chart's values, one for each label. Null is a gap. */
export interface Series {
  name: string;
  values: (number | null)[];
}

/** The cells of a map by column and row, from the top row, each with its share of the strongest colour. */
export interface Heatmap {
  columns: string[];
  rows: string[];
  cells: { column: number; row: number; strength: number }[];
}

/** Draws a bar for each label, as SVG. With `isLastPartial`, the last bar is pale. */
export function drawBars(
  labels: string[],
  values: (number | null)[],
  { isLastPartial }: { isLastPartial: boolean },
): string {
  return draw({
    ...axes(labels, false),
    series: [
      {
        type: 'bar',
        silent: true,
        barCategoryGap: '20%',
        barMaxWidth: 40,
        itemStyle: { color: seriesColour(0) },
        data: values.map((value, at) => ({
          value,
          itemStyle: { opacity: isLastPartial && at === values.length - 1 ? 0.45 : 1 },
        })),
      },
    ],
  });
}

const DASHES = ['solid', [7, 3], [2, 3]] as const;

/** Draws lines, as SVG. They differ in colour and in dashes. Shares are from 0 to 1. */
export function drawLines(
  labels: string[],
  series: Series[],
  { isShare }: { isShare: boolean },
): string {
  return draw({
    ...axes(labels, isShare),
    series: series.map(({ values }, index) => ({
      type: 'line',
      silent: true,
      // A line of one point is invisible without a symbol.
      showSymbol: values.filter((value) => value !== null).length < 3,
      symbol: 'circle',
      symbolSize: 7,
      itemStyle: { color: seriesColour(index) },
      lineStyle: { width: 2, color: seriesColour(index), type: DASHES[index] ?? 'solid' },
      data: values,
    })),
  });
}

const DAY_MS = 86_400_000;
// More points than this would be a row of symbols without a line.
const SYMBOLS_MAX = 30;

/** Draws a value at irregular times as a line, as SVG. Times are ISO 8601 in ascending order, at least one. */
export function drawTrend(points: { time: string; value: number }[]): string {
  const data = points.map(({ time, value }) => [Date.parse(time), value]);
  const [fromMs = 0, toMs = 0] = [data[0]?.[0], data.at(-1)?.[0]];
  const days = Math.max(1, Math.ceil((toMs - fromMs) / DAY_MS));
  const stepDays = Math.ceil(days / 4);
  const tickMs = (tick: number) => fromMs + tick * stepDays * DAY_MS;
  const ticks = Array.from({ length: Math.ceil(days / stepDays) + 1 }, (_, tick) => tickMs(tick));
  const labels = formatDayAxis(ticks.map((ms) => new Date(ms).toISOString()));
  return draw({
    ...axes([], false),
    xAxis: {
      type: 'value',
      min: fromMs,
      max: ticks.at(-1),
      interval: stepDays * DAY_MS,
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: { ...FONT, formatter: (ms: number) => labels[ticks.indexOf(ms)] ?? '' },
      axisLine: { lineStyle: { color: 'var(--grid-line)' } },
    },
    series: [
      {
        type: 'line',
        silent: true,
        showSymbol: data.length <= SYMBOLS_MAX,
        symbol: 'circle',
        symbolSize: 6,
        itemStyle: { color: seriesColour(0) },
        lineStyle: { width: 2, color: seriesColour(0) },
        data,
      },
    ],
  });
}

/** Draws a map of cells, as SVG. A stronger colour is a greater value. */
export function drawHeatmap({ columns, rows, cells }: Heatmap): string {
  const rowHeight = Math.max(11, Math.min(24, (HEIGHT - 40) / rows.length));
  const height = Math.round(rows.length * rowHeight) + 40;
  const option = {
    // ECharts computes widths for another font. The labels of rows can be wider.
    grid: { left: 16, right: 8, top: 8, bottom: 4, ...LABELS_INSIDE },
    xAxis: { ...categories(columns), position: 'bottom' },
    yAxis: { ...categories(rows), inverse: true, axisLine: { show: false } },
    series: [
      {
        type: 'custom',
        silent: true,
        data: cells.map(({ column, row, strength }) => [column, row, strength]),
        renderItem: drawCell,
      },
    ],
  };
  return draw(option, height);
}

interface CellApi {
  value(dimension: number): number;
  coord(at: number[]): number[];
  size(of: number[]): number[];
}

function drawCell(_: unknown, api: CellApi) {
  const [x = 0, y = 0] = api.coord([api.value(0), api.value(1)]);
  const [width = 0, height = 0] = api.size([1, 1]);
  const strength = api.value(2);
  return {
    type: 'rect',
    shape: {
      x: x - width / 2 + 0.5,
      y: y - height / 2 + 0.5,
      width: width - 1,
      height: height - 1,
      r: 2,
    },
    style: {
      fill: strength > 0 ? seriesColour(0) : 'var(--cell)',
      opacity: strength > 0 ? 0.12 + 0.88 * strength : 1,
    },
  };
}

// The page's style sheet defines the colour, for light and dark.
function seriesColour(index: number): string {
  return `var(--series-${index + 1})`;
}

function axes(labels: string[], isShare: boolean): EChartsCoreOption {
  return {
    grid: { left: 4, right: 8, top: 12, bottom: 4, ...LABELS_INSIDE },
    xAxis: categories(labels),
    yAxis: {
      type: 'value',
      splitNumber: 4,
      minInterval: isShare ? 0 : 1,
      axisLabel: { ...FONT, formatter: isShare ? formatShare : formatShort },
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { lineStyle: { color: 'var(--grid-line)' } },
    },
  };
}

function categories(labels: string[]): EChartsCoreOption {
  // Labels of which some are empty are already chosen. ECharts would choose again, and drop years.
  const interval = labels.includes('') ? 0 : 'auto';
  return {
    type: 'category',
    data: labels,
    axisTick: { show: false },
    axisLabel: { ...FONT, hideOverlap: true, interval },
    axisLine: { lineStyle: { color: 'var(--grid-line)' } },
  };
}

function draw(option: EChartsCoreOption, height = HEIGHT): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({ animation: false, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return shorten(svg, height);
}

/** Removes attributes for scripts and pointers, and styles that the page's style sheet sets for all charts. */
function shorten(svg: string, height: number): string {
  return svg
    .replace(/^<svg[^>]*>\s*<rect[^>]*><\/rect>/, `<svg viewBox="0 0 ${WIDTH} ${height}">`)
    .replace(/<style[^]*?<\/style>/g, '')
    .replace(/ (?:ecmeta_\w+|class|pointer-events|style|xml:space)="[^"]*"/g, '')
    .replace(/(\.\d)\d+/g, '$1');
}

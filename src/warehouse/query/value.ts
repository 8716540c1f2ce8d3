import {
  DuckDBArrayValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBUnionValue,
  type DuckDBValue,
} from '@duckdb/node-api';

/** An exact decimal number, which a JavaScript number could round. */
export class Decimal {
  readonly digits: string;

  /** @param digits such as `-12.50` */
  constructor(digits: string) {
    this.digits = digits;
  }
}

/** A value of a query's result. Dates, times and binary data are texts. */
export type Value =
  null | boolean | number | bigint | string | Decimal | Value[] | { [name: string]: Value };

/** The result of a query: its columns, and its rows in batches, so that a result of any size needs little memory. */
export interface QueryResult {
  columns: string[];
  batches: AsyncIterable<Value[][]> | Iterable<Value[][]>;
}

/** Converts a value of DuckDB's. A map becomes a list of objects with `key` and `value`. */
export function toValue(value: DuckDBValue): Value {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof DuckDBDecimalValue) return new Decimal(value.toString());
  if (value instanceof DuckDBUnionValue) return toValue(value.value);
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue)
    return value.items.map(toValue);
  if (value instanceof DuckDBMapValue)
    return value.entries.map(({ key, value: it }) => ({ key: toValue(key), value: toValue(it) }));
  if (value instanceof DuckDBStructValue) {
    const entries = Object.entries(value.entries);
    return Object.fromEntries(entries.map(([name, it]) => [name, toValue(it)]));
  }
  return value.toString();
}

/** Formats a value as JSON. Whole numbers and decimals have all their digits; infinity and NaN are texts. */
export function formatJsonValue(value: Value): string {
  if (value instanceof Decimal) return value.digits;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`;
  if (Array.isArray(value)) return `[${value.map(formatJsonValue).join(', ')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value);
  return `{${entries.map(([name, it]) => `${JSON.stringify(name)}: ${formatJsonValue(it)}`).join(', ')}}`;
}

/** Formats a value that is not null as text: lists and objects as JSON. */
export function formatText(value: Exclude<Value, null>): string {
  return typeof value === 'object' ? formatJsonValue(value) : String(value);
}

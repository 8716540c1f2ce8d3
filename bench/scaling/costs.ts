import { readFile, writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { z } from 'zod';

const FILE = new URL('costs.json', import.meta.url);

/** The ways to run MiniTwit that are measured: each has everything of the way before it. */
export const SETUPS = ['alone', 'replica', 'redis'] as const;

const cost = z.object({
  /** The processor time of the process, in µs. */
  webUs: z.number(),
  writerUs: z.number(),
  replicaUs: z.number(),
  /** The bytes of the response, with its headers. */
  bytes: z.number(),
});

const costs = z.object({
  /** The day of the measurement, `2026-11-30`. */
  date: z.string(),
  machine: z.string(),
  pages: z.array(z.object({ name: z.string(), setups: z.record(z.enum(SETUPS), cost) })),
});

/** One way to run MiniTwit: reads from the writer alone; reads from a replica; also counts for the limits in Redis. */
export type Setup = (typeof SETUPS)[number];

/** The cost of one request: the processor time of each process, and the bytes of the response. */
export type Cost = z.infer<typeof cost>;

/** The costs of one request of each page, by setup. */
export type Costs = z.infer<typeof costs>;

/** Reads the costs that the last measurement has stored. */
export async function readCosts(): Promise<Costs> {
  return costs.parse(JSON.parse(await readFile(FILE, 'utf8')));
}

/** Stores the costs in `bench/scaling/costs.json`. */
export async function writeCosts(measured: Costs): Promise<void> {
  await writeFile(FILE, await format(JSON.stringify(measured), { parser: 'json' }));
}

import { z } from 'zod';

const count = z.number().int().min(0);
const checksum = z.string().regex(/^\d{1,20}$/);

const file = z.object({
  /** Relative to the folder of the manifests' parent: `message/part=0/9f86d081884c7d65.parquet`. */
  path: z.string().regex(/^(user|message|follower)\/part=\d{1,14}\/[0-9a-f]{16}\.parquet$/),
  /** The number of the part: its keys divided by the table's `partWidth`, rounded down. */
  part: count,
  rows: count,
  bytes: count,
  /** The SHA-256 of the file in hexadecimal. The name of the file is its beginning. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The checksum of the part's rows in the copy. A part with another checksum is written again. */
  checksum,
  /** When the part was last verified against MiniTwit's database, in seconds since 1970. */
  provedAtS: count,
});

const table = z.object({ rows: count, files: z.array(file) });

const manifest = z.object({
  format: z.literal(1),
  run: z.string().regex(/^\d{8}T\d{6}Z-[0-9a-f]{4}$/),
  /** The version of MiniTwit. */
  program: z.string(),
  /** The time of the copied snapshot of MiniTwit's database: ISO 8601, UTC. */
  asOf: z.iso.datetime(),
  tables: z.object({ user: table, message: table, follower: table }),
  /** The key figures of the run's report by their names. */
  figures: z.record(z.string(), z.number()),
});

/** A Parquet file with a part of a table, in the order of its key. Files never change: a changed part is a new file. */
export type ParquetFile = z.infer<typeof file>;

/** The Parquet files of a run's copy, the files of each table in the order of their parts. */
export type Manifest = z.infer<typeof manifest>;

/** The name of an exported table. */
export type ExportedTable = keyof Manifest['tables'];

/** The exported tables in the order of the copy. */
export const EXPORTED_TABLES = ['user', 'message', 'follower'] as const satisfies ExportedTable[];

/**
 * Parses a manifest in JSON.
 * @returns null if the text is no manifest of this version
 */
export function parseManifest(json: string): Manifest | null {
  try {
    return manifest.parse(JSON.parse(json));
  } catch {
    return null;
  }
}

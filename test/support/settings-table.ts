import { readFile } from 'node:fs/promises';
import type { z } from 'zod';

/** A setting. The default is an empty string if there is none. */
export interface Setting {
  name: string;
  isRequired: boolean;
  default: unknown;
  meaning: string;
}

/** Returns the settings of a schema in their order. */
export function listSettings(schema: z.ZodObject): Setting[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, setting]) => {
    const { type, defaultValue } = setting.def as { type: string; defaultValue?: unknown };
    return {
      name,
      isRequired: type !== 'default' && type !== 'optional',
      default: defaultValue ?? '',
      meaning: setting.description ?? '',
    };
  });
}

/** Returns the cells of a setting in a table: name, default and meaning. */
export function formatSetting({ name, isRequired, default: value, meaning }: Setting): string[] {
  const none = isRequired ? 'required' : 'none';
  const written = typeof value === 'number' ? String(value) : `\`${String(value)}\``;
  return [`\`${name}\``, value === '' ? none : written, meaning];
}

/** Returns the first and the last two cells of each row about one setting in a Markdown file. */
export async function readSettingRows(file: string): Promise<string[][]> {
  const text = await readFile(file, 'utf8');
  return Array.from(text.matchAll(/^\|( `[A-Z_]+` *\|.*)\|$/gm), ([, row = '']) => {
    const cells = row.split('|').map((cell) => cell.trim());
    return [cells[0] ?? '', ...cells.slice(-2)];
  });
}

import { alignColumns } from '../../cli/table.ts';
import type { CloudContext } from '../context.ts';
import { formatImageCommand } from '../format-command.ts';
import { listMiniTwitImages } from '../images.ts';
import type { Stack } from '../stack/stack.ts';

const SHOWN_MAX = 5;

/** Returns the newest images, and marks that of the stack. */
export async function formatImages(
  { clients }: CloudContext,
  { parameters }: Stack,
): Promise<string[]> {
  const images = await listMiniTwitImages(clients.ec2);
  if (images.length === 0) return [`none. Run ${formatImageCommand()} to create one.`];
  const rows = images
    .slice(0, SHOWN_MAX)
    .map(({ id, version, commit, createdAt, architecture }) => [
      id,
      version,
      commit.slice(0, 7),
      createdAt.slice(0, 16).replace('T', ' '),
      architecture,
      id === parameters.ImageId ? 'of the stack' : '',
    ]);
  const older = images.length - rows.length;
  return [...alignColumns(rows), ...(older > 0 ? [`and ${older} older`] : [])];
}

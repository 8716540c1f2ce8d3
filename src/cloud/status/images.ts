import { alignColumns } from '../../cli/table.ts';
import { formatAge } from '../../cli/times.ts';
import type { CloudContext } from '../context.ts';
import { formatCommand, formatImageCommand } from '../format-command.ts';
import type { MiniTwitImage } from '../images.ts';
import { createSection } from './section.ts';
import type { StatusContext } from './status-context.ts';

const SHOWN_MAX = 5;
// Amazon publishes a release of its Linux about every two weeks.
const UPDATED_AFTER_DAYS = 30;

/** An image, and whether the stack launches instances from it. */
type ImageReport = Pick<
  MiniTwitImage,
  'id' | 'version' | 'commit' | 'createdAt' | 'architecture'
> & {
  isOfStack: boolean;
};

/** The images of MiniTwit, newest first. */
export const imagesSection = createSection(readImageReports, formatImageReports);

async function readImageReports({ stack, listImages }: StatusContext): Promise<ImageReport[]> {
  const images = await listImages();
  return images.map(({ id, version, commit, createdAt, architecture }) => ({
    id,
    version,
    commit,
    createdAt,
    architecture,
    isOfStack: id === stack.parameters.ImageId,
  }));
}

function formatImageReports(images: ImageReport[], cloud: CloudContext): string[] {
  if (images.length === 0) return [`none. Run ${formatImageCommand()} to create one.`];
  const rows = images
    .slice(0, SHOWN_MAX)
    .map((it) => [
      it.id,
      it.version,
      it.commit.slice(0, 7),
      it.createdAt.slice(0, 16).replace('T', ' '),
      it.architecture,
      it.isOfStack ? 'of the stack' : '',
    ]);
  const older = images.length - rows.length;
  return [
    ...alignColumns(rows),
    ...(older > 0 ? [`and ${older} older`] : []),
    ...formatOutdated(images, cloud),
  ];
}

/** Returns a warning if the stack's image lacks the security updates of more than a month. */
function formatOutdated(images: ImageReport[], cloud: CloudContext): string[] {
  const createdAt = new Date(images.find(({ isOfStack }) => isOfStack)?.createdAt ?? Date.now());
  if (Date.now() - Number(createdAt) < UPDATED_AFTER_DAYS * 24 * 3_600_000) return [];
  return [
    `The stack's image is ${formatAge(createdAt)} old and lacks newer security updates of Amazon Linux. ` +
      `Run ${formatImageCommand()}, then ${formatCommand(cloud, 'roll')}.`,
  ];
}

import type { BlockState } from '../../../repositories/blocks.ts';
import type { Repositories } from '../../../repositories/repositories.ts';
import type { User } from '../../../repositories/users.ts';
import type { CurrentUser } from '../../middleware/login.ts';

/** The relation of a reader to the user of a page. */
export interface Relation extends BlockState {
  isSelf: boolean;
  isFollowing: boolean;
  hasMuted: boolean;
}

const NO_BLOCKS: BlockState = { hasBlocked: false, isBlocked: false };

/** Finds the relation of a reader to a user. Returns null without a login. */
export async function findRelation(
  { followers, blocks, mutes }: Pick<Repositories, 'followers' | 'blocks' | 'mutes'>,
  reader: CurrentUser | null,
  { userId }: Pick<User, 'userId'>,
): Promise<Relation | null> {
  if (!reader) return null;
  const isSelf = reader.userId === userId;
  if (isSelf) return { isSelf, isFollowing: false, hasMuted: false, ...NO_BLOCKS };
  // Most readers have no blocks and no mutes, and then their pages take one query less for each.
  const { hasUnseenAuthors } = reader;
  const [isFollowing, hasMuted, blockState] = await Promise.all([
    followers.isFollowing(reader.userId, userId),
    hasUnseenAuthors ? mutes.isMuted(reader.userId, userId) : false,
    hasUnseenAuthors ? blocks.findBlocks(reader.userId, userId) : NO_BLOCKS,
  ]);
  return { isSelf, isFollowing, hasMuted, ...blockState };
}

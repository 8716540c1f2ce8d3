import type { Request, Response } from 'express';
import { AppError } from '../../../errors/app-error.ts';
import type { PeoplePage } from '../../../repositories/people-page.ts';
import { parseUsername } from '../../forms/username.ts';

/** The texts of a page that lists users. */
export interface PeopleTexts {
  heading: string;
  description: string;
  /** The text of the page if there are no users. */
  emptyText: string;
  /** The button beside a user, and the last segment of the path to which it posts. */
  button: { label: string; action: string };
}

/** Sends a page that lists users, each with a button. */
export function renderPeoplePage(
  req: Request,
  res: Response,
  page: PeoplePage,
  texts: PeopleTexts,
): void {
  res.render('people.html', { page, path: req.path, ...texts });
}

/**
 * Returns the name after which a list of users begins: `?after=NAME`, or an empty text at its beginning.
 * @throws AppError `invalid` if it is no username
 */
export function readNameCursor(req: Request): string {
  const { after = '' } = req.query;
  const username = typeof after === 'string' ? parseUsername(after) : null;
  if (username === null) throw new AppError('invalid', 'There is no such page of this list.');
  return username;
}

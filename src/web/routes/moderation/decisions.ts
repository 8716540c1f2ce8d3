import type { IRouter, Request, Response } from 'express';
import { AppError, HTTP_STATUS } from '../../../errors/app-error.ts';
import type { Repositories } from '../../../repositories/repositories.ts';
import { decisionForm, SUSPENSIONS, validateReason } from '../../forms/decision.ts';
import { type FieldError, parseForm } from '../../forms/form.ts';
import { logEvent } from '../../middleware/audit.ts';
import { methodNotAllowed } from '../../middleware/errors.ts';
import {
  type Case,
  createDecisionKinds,
  type DecisionKind,
  newestDecisionId,
} from './decision-kinds.ts';
import { requireModerator } from './moderation.ts';

type DecisionInput = ReturnType<typeof decisionForm.parse>;

/** Adds the pages of decisions: `/moderation/hide/MESSAGE_ID`, `/moderation/suspend/USERNAME` and others. */
export function addDecisionRoutes(app: IRouter, repositories: Repositories): void {
  const { audit } = repositories;
  for (const [name, kind] of Object.entries(createDecisionKinds(repositories))) {
    app
      .route(`/moderation/${name}/:id`)
      .get(async (req, res) => {
        await renderDecisionPage(req, res, kind, await findCase(req, kind));
      })
      .post(async (req, res) => {
        await decide(req, res, kind, await findCase(req, kind));
      })
      .all(methodNotAllowed);
  }

  async function findCase(req: Request<{ id: string }>, kind: DecisionKind): Promise<Case> {
    const { userId } = requireModerator(req);
    const found = await kind.findCase(req.params.id);
    if (!found) throw new AppError('not_found', 'There is nothing at this address.');
    if (found.person.userId === userId) {
      throw new AppError('forbidden', 'Another moderator decides about you and your messages.');
    }
    return found;
  }

  async function decide(
    req: Request,
    res: Response,
    kind: DecisionKind,
    found: Case,
  ): Promise<void> {
    const { userId, username: actor } = requireModerator(req);
    const input = parseForm(decisionForm, req.body);
    const duration = SUSPENSIONS.find(({ value }) => value === input.duration);
    const error = validateDuration(kind, duration) ?? validateReason(input.reason);
    if (error) return renderDecisionPage(req, res, kind, found, { input, error });
    const decisions = await audit.listDecisionsAbout([found.person.userId]);
    const isCurrent = input.seen === String(newestDecisionId(decisions));
    const verdict = { actor, reason: input.reason };
    if (!isCurrent || !(await kind.decide(found, verdict, duration?.days ?? null))) {
      res.status(HTTP_STATUS.conflict);
      return renderDecisionPage(req, res, kind, found, { input, isOutdated: true });
    }
    logEvent(req, 'moderated', { userId });
    res.flash('Your decision was recorded');
    res.redirect('/moderation');
  }

  /** Sends the page of a decision, with the earlier decisions about the person. */
  async function renderDecisionPage(
    req: Request,
    res: Response,
    { heading, explanation, button, isDangerous, hasDuration }: DecisionKind,
    found: Case,
    {
      input = EMPTY_INPUT,
      error = null,
      isOutdated = false,
    }: { input?: DecisionInput; error?: FieldError | null; isOutdated?: boolean } = {},
  ): Promise<void> {
    const decisions = await audit.listDecisionsAbout([found.person.userId]);
    res.render('decision.html', {
      ...found,
      ...input,
      seen: newestDecisionId(decisions),
      heading,
      explanation,
      button,
      isDangerous,
      durations: hasDuration ? SUSPENSIONS : null,
      decisions,
      error,
      isOutdated,
      path: req.path,
    });
  }
}

const EMPTY_INPUT: DecisionInput = { reason: '', duration: '', seen: '' };

function validateDuration(
  { hasDuration }: DecisionKind,
  duration: object | undefined,
): FieldError<'duration'> | null {
  if (!hasDuration || duration) return null;
  return { field: 'duration', message: 'You have to choose a duration.' };
}

import type { Prompt } from '../../cli/prompt.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import type { CloudContext } from '../context.ts';

/**
 * Prompts the operator to type the name of the stack.
 * @param unchanged the last sentence of the error: `Nothing was removed.`
 * @throws OperatorError when the answer is not the name
 */
export async function confirmStackName(
  { stackName }: Pick<CloudContext, 'stackName'>,
  prompt: Prompt,
  unchanged: string,
): Promise<void> {
  const answer = await prompt(`Type the name of the stack (${stackName}) to confirm: `);
  if (answer.trim() === stackName) return;
  throw new OperatorError(`The answer is not ${stackName}. ${unchanged}`);
}

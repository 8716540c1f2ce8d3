import type { CloudContext } from '../context.ts';
import { listStacks } from '../stack/stack.ts';

/** Lists the names of all other stacks of MiniTwit in this region. */
export async function listOtherStacks({ clients, stackName }: CloudContext): Promise<string[]> {
  const stacks = await listStacks(clients);
  return stacks.map(({ name }) => name).filter((name) => name !== stackName);
}

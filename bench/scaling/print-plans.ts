import { parseArgs } from 'node:util';
import { runProgram } from '../../src/cli/program.ts';
import { OperatorError } from '../../src/errors/operator-error.ts';
import { readCosts } from './costs.ts';
import { formatPlans } from './plan-table.ts';
import { DAY } from './plan.ts';

const USERS = ['10000', '1000000', '100000000'];

await runProgram(async () => {
  const { values } = parseArgs({ options: { users: { type: 'string', multiple: true } } });
  const users = (values.users ?? USERS).map(Number);
  if (!users.every((each) => Number.isInteger(each) && each > 0))
    throw new OperatorError('--users must be a number of users, such as --users 1000000.');
  const costs = await readCosts();
  console.log(
    formatPlans(
      users.map((each) => ({ ...DAY, users: each })),
      costs,
    ),
  );
});

import { expect, test } from 'vitest';
import { printCost } from '../../../src/cloud/commands/cost.ts';
import { spendingRequest } from '../../../src/cloud/costs/spending.ts';
import { formatAwsError } from '../../support/aws-request.ts';
import { startAwsStub } from '../../support/aws-stub.ts';
import { openTestCloud } from '../test-cloud.ts';

const REQUEST = 'ce:GetCostAndUsage';
const group = (owner: string, service: string, Amount: string) => ({
  Keys: [`minitwit:stack$${owner}`, service],
  Metrics: { UnblendedCost: { Amount, Unit: 'USD' } },
});
const DATABASE = 'Amazon Relational Database Service';
const INSTANCES = 'Amazon Elastic Compute Cloud - Compute';

/** Prints the cost of an account without a stack, with these groups of costs in October and November. */
async function print(october: object[], november: object[], dryRun = false) {
  const aws = await startAwsStub();
  aws.stub('cloudformation:DescribeStacks', (request) =>
    formatAwsError(request, 400, 'ValidationError', 'Stack with id minitwit does not exist'),
  );
  aws.stub(REQUEST, () => ({
    status: 200,
    body: JSON.stringify({
      ResultsByTime: [
        { TimePeriod: { Start: '2026-10-01', End: '2026-11-01' }, Groups: october },
        { TimePeriod: { Start: '2026-11-01', End: '2026-12-01' }, Groups: november },
      ],
    }),
  }));
  const { open, lines } = openTestCloud();
  await printCost(open(), { dryRun });
  return { lines, actions: aws.actions };
}

test('`cloud cost` prints the estimate, and what the stack and the account cost by month', async () => {
  const { lines, actions } = await print(
    [group('minitwit', DATABASE, '11.6812'), group('', INSTANCES, '2')],
    [
      group('minitwit', DATABASE, '5.5'),
      group('minitwit', INSTANCES, '9.004'),
      group('other', INSTANCES, '100'),
    ],
  );
  expect(lines[0]).toBe('ESTIMATE of a new stack with the default parameters');
  expect(lines.join('\n')).toMatch(/total +\$0\.\d{4} +\$\d\d\.\d\d\n/);
  const spent = lines.slice(lines.indexOf('SPENT on minitwit, before credits') + 1);
  expect(spent.map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['2026-10', '2026-11'],
    [DATABASE, '$11.68', '$5.50'],
    [INSTANCES, '$0.00', '$9.00'],
    ['total of the stack', '$11.68', '$14.50'],
    ['total of the account', '$13.68', '$114.50'],
    ['AWS adds costs up to a day later. Cost Explorer charges $0.01 for a request.'],
  ]);
  expect(actions.filter((action) => action === REQUEST)).toHaveLength(1);
});

test('`cloud cost` prints how to activate the tag when AWS assigns no costs to it', async () => {
  const { lines } = await print([group('', DATABASE, '1')], []);
  expect(lines.at(-1)).toMatch(
    /^AWS assigns no costs to the tag minitwit:stack\. Activate it under Billing › Cost allocation tags/,
  );
  expect(lines.join('\n')).toMatch(/total of the account +\$1\.00 +\$0\.00/);
});

test('`cloud cost --dry-run` prints the request and its price, and does not send it', async () => {
  const { lines, actions } = await print([], [], true);
  expect(lines.at(-1)).toMatch(
    /^Cost Explorer charges \$0\.01 for a request\. It was not sent: GetCostAndUsage \{"TimePeriod":/,
  );
  expect(actions).not.toContain(REQUEST);
});

test.each([
  ['2026-11-29T23:59:59Z', '2026-10-01', '2026-12-01'],
  ['2027-01-01T00:00:00Z', '2026-12-01', '2027-02-01'],
])('the request at %s is for the last month and this one', (now, start, end) => {
  expect(spendingRequest(new Date(now)).TimePeriod).toEqual({ Start: start, End: end });
});

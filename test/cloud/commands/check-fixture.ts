import type { EmulatedAccount } from '../../support/aws-account.ts';
import type { AwsHandler } from '../../support/aws-stub.ts';
import { createOperationsFixture } from '../operations/fixture.ts';
import { makeImage } from '../make-image.ts';

/** Returns AWS's answer in XML to an action. */
export const xml =
  (action: string, body: string): AwsHandler =>
  () => ({
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: `<${action}Response><${action}Result>${body}</${action}Result></${action}Response>`,
  });
/** Returns AWS's answer in JSON. */
export const json =
  (body: object): AwsHandler =>
  () => ({ status: 200, body: JSON.stringify(body) });

/** Returns IAM's answer to a simulation: all actions are allowed, except one. */
export const simulate =
  (deniedAction: string): AwsHandler =>
  ({ body }) => {
    const names = [...new URLSearchParams(body.toString())]
      .filter(([name]) => name.startsWith('ActionNames.'))
      .map(([, action]) => action);
    const members = names.map((action) => {
      const decision = action === deniedAction ? 'implicitDeny' : 'allowed';
      return `<member><EvalActionName>${action}</EvalActionName><EvalDecision>${decision}</EvalDecision></member>`;
    });
    const results = `<EvaluationResults>${members.join('')}</EvaluationResults><IsTruncated>false</IsTruncated>`;
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>${results}</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`,
    };
  };

/** Makes AWS answer every request of a check without a problem, to the user alice. */
export function stubSuccessfulChecks(account: EmulatedAccount): void {
  const user = `<Account>${account.id}</Account><Arn>arn:aws:iam::${account.id}:user/alice</Arn>`;
  account.stub('sts:GetCallerIdentity', xml('GetCallerIdentity', user));
  account.stub('iam:SimulatePrincipalPolicy', simulate('none'));
  account.stub(
    'rds:DescribeDBEngineVersions',
    xml(
      'DescribeDBEngineVersions',
      '<DBEngineVersions><DBEngineVersion><EngineVersion>8.4.11</EngineVersion></DBEngineVersion></DBEngineVersions>',
    ),
  );
  account.stub(
    'rds:DescribeOrderableDBInstanceOptions',
    xml(
      'DescribeOrderableDBInstanceOptions',
      '<OrderableDBInstanceOptions><OrderableDBInstanceOption><StorageType>gp3</StorageType><MultiAZCapable>false</MultiAZCapable></OrderableDBInstanceOption></OrderableDBInstanceOptions>',
    ),
  );
  account.stub(
    'rds:DescribeAccountAttributes',
    xml(
      'DescribeAccountAttributes',
      '<AccountQuotas><AccountQuota><AccountQuotaName>DBInstances</AccountQuotaName><Used>0</Used><Max>40</Max></AccountQuota></AccountQuotas>',
    ),
  );
  account.stub('servicequotas:GetServiceQuota', json({ Quota: { Value: 16 } }));
  account.stub('cloudformation:ValidateTemplate', xml('ValidateTemplate', ''));
}

/** Opens an account with an image, in which every check succeeds. */
export async function createCheckFixture() {
  const fixture = await createOperationsFixture();
  const { account } = fixture;
  stubSuccessfulChecks(account);
  await makeImage(fixture.open(), '1.3.0');
  account.actions.length = 0;
  return fixture;
}

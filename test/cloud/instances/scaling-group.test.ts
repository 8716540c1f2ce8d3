import { expect, test } from 'vitest';
import {
  requireScalingGroup,
  withTemplateVersion,
} from '../../../src/cloud/instances/scaling-group.ts';
import { startAwsStub } from '../../support/aws-stub.ts';
import { answerActions } from '../emulated/query.ts';
import { openTestCloud } from '../test-cloud.ts';

const SPECIFICATION = { LaunchTemplateId: 'lt-1', LaunchTemplateName: 'minitwit', Version: '3' };
const DISTRIBUTION = { OnDemandBaseCapacity: 1, OnDemandPercentageAboveBaseCapacity: 0 };

/** Reads a group with these settings, as AWS returns it. */
async function readGroup(settings: object) {
  const aws = await startAwsStub();
  const group = { AutoScalingGroupName: 'group-1', DesiredCapacity: 2, ...settings };
  answerActions(aws, 'autoscaling', {
    DescribeAutoScalingGroups: () => ({ AutoScalingGroups: [group] }),
  });
  return requireScalingGroup(openTestCloud().open().clients.autoScaling, 'group-1');
}

test('another version of the launch template does not change the types and markets of a group', async () => {
  const Overrides = [{ InstanceType: 't3.micro' }, { InstanceType: 't3a.micro' }];
  const LaunchTemplate = { LaunchTemplateSpecification: SPECIFICATION, Overrides };
  const group = await readGroup({
    MixedInstancesPolicy: { LaunchTemplate, InstancesDistribution: DISTRIBUTION },
  });
  expect(group).toMatchObject({
    templateId: 'lt-1',
    version: '3',
    types: ['t3.micro', 't3a.micro'],
  });
  // AWS refuses a request with both the id and the name of a launch template.
  expect(withTemplateVersion(group, '4')).toEqual({
    MixedInstancesPolicy: {
      LaunchTemplate: {
        LaunchTemplateSpecification: { LaunchTemplateId: 'lt-1', Version: '4' },
        Overrides,
      },
      InstancesDistribution: { OnDemandBaseCapacity: 1, OnDemandPercentageAboveBaseCapacity: 0 },
    },
  });
});

test('the group of an earlier version has a launch template without a policy', async () => {
  const group = await readGroup({ LaunchTemplate: SPECIFICATION });
  expect(group).toMatchObject({ templateId: 'lt-1', version: '3', types: null });
  expect(withTemplateVersion(group, '4')).toEqual({
    LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '4' },
  });
});

import { ACCOUNT, BOUNDARY_ARN, ZONE } from './operator-policies.ts';

/** A resource in a request to IAM. */
export interface Resource {
  arn: string;
  /** `stack`: it has the tag of the stack. `new`: the request creates it with this tag. */
  tags?: 'stack' | 'new';
  /** Values of further condition keys. */
  context?: Record<string, string>;
  /** The actions on it. By default, all actions of its kind that do not set tags. */
  actions?: RegExp;
}

/** The resources and permissions that CloudFormation's handlers of a type use. */
export interface HandledType {
  /** The resources of this type, whose tags depend on the type and on the handler. Null if the type has no ARN. */
  own: Resource[] | null;
  /** Other resources of the handlers' requests. */
  others?: Resource[];
  /** Actions that the policies do not allow, by the reason. `*` at the end stands for any letters. */
  notGranted?: Record<string, string[]>;
  /** Actions that AWS's schema does not list, by handler. */
  undocumented?: Record<string, string[]>;
}

const REGION = 'eu-central-1';
const at = (service: string, resource: string) =>
  `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
const iam = (resource: string) => `arn:aws:iam::${ACCOUNT}:${resource}`;
const inStack = (arn: string): Resource => ({ arn, tags: 'stack' });
const created = (arn: string): Resource => ({ arn, tags: 'new' });
const untagged = (arn: string): Resource => ({ arn });

const BALANCER = 'app/minitwi-Balan-1A2B3C/50dc6c495c0c9188';
const securityGroup = inStack(at('ec2', 'security-group/sg-1'));
const firewall = at('wafv2', 'regional/webacl/minitwit/1a2b');
const vpc = untagged(at('ec2', 'vpc/vpc-1'));
const instanceRole: Resource = {
  actions: /^iam:(?!CreateServiceLinkedRole)/,
  arn: iam('role/minitwit-InstanceRole-1A2B3C'),
  context: {
    'iam:PermissionsBoundary': BOUNDARY_ARN,
    'iam:PassedToService': 'ec2.amazonaws.com',
  },
};
const serviceRole = (service: string): Resource => ({
  arn: iam(`role/aws-service-role/${service}.amazonaws.com/AWSServiceRole`),
  context: { 'iam:AWSServiceName': `${service}.amazonaws.com` },
  actions: /^iam:CreateServiceLinkedRole$/,
});
const key: Resource = {
  arn: at('kms', 'key/1a2b'),
  context: { 'kms:ViaService': `rds.${REGION}.amazonaws.com`, 'kms:GrantIsForAWSResource': 'true' },
};

const records = (type: string): Resource => ({
  arn: `arn:aws:route53:::hostedzone/${ZONE}`,
  context: { 'route53:ChangeResourceRecordSetsRecordTypes': type },
  actions: /^route53:/,
});

/** The types of the template, with the names and ARNs that AWS gives to the resources of the stack `minitwit`. */
export const HANDLED_TYPES: Record<string, HandledType> = {
  'AWS::Athena::WorkGroup': {
    own: [untagged(at('athena', 'workgroup/minitwit'))],
    notGranted: {
      'CloudFormation lists workgroups only for imports.': ['athena:ListWorkGroups'],
    },
  },
  'AWS::AutoScaling::AutoScalingGroup': {
    own: [
      untagged(
        at('autoscaling', 'autoScalingGroup:1a2b:autoScalingGroupName/minitwit-Instances-1A2B3C'),
      ),
    ],
    others: [
      instanceRole,
      serviceRole('autoscaling'),
      created(at('ec2', 'instance/i-1')),
      created(at('ec2', 'volume/vol-1')),
      inStack(at('ec2', 'launch-template/lt-1')),
      securityGroup,
      untagged(`arn:aws:ec2:${REGION}::image/ami-1`),
      untagged(at('ec2', 'network-interface/eni-1')),
      untagged(at('ec2', 'subnet/subnet-1')),
    ],
    notGranted: {
      'The group has neither lifecycle hooks nor notifications.': [
        'autoscaling:DeleteLifecycleHook',
        'autoscaling:DeleteNotificationConfiguration',
        'autoscaling:PutLifecycleHook',
        'autoscaling:PutNotificationConfiguration',
      ],
      'The group has no classic load balancer.': [
        'autoscaling:AttachLoadBalancers',
        'autoscaling:DetachLoadBalancers',
      ],
      'The group has no managed fleet, and no target of VPC Lattice.': [
        'managed-fleets:*',
        'vpc-lattice:*',
      ],
      'Predictive scaling is not used.': ['cloudwatch:PutMetricAlarm'],
      'The launch template has the id of the image, not the name of a parameter.': ['ssm:Get*'],
      'These read the console and the passwords of all instances.': ['ec2:Get*'],
    },
  },
  // IAM decides on the group of a policy.
  'AWS::AutoScaling::ScalingPolicy': {
    own: [
      untagged(
        at('autoscaling', 'autoScalingGroup:1a2b:autoScalingGroupName/minitwit-Instances-1A2B3C'),
      ),
    ],
  },
  'AWS::CertificateManager::Certificate': {
    own: [untagged(at('acm', 'certificate/1a2b'))],
    others: [records('CNAME')],
    notGranted: {
      'The certificate is public.': ['acm-pca:*'],
      'CloudFormation lists certificates only for imports.': ['acm:ListCertificates'],
    },
  },
  'AWS::CloudWatch::Dashboard': {
    own: [untagged(`arn:aws:cloudwatch::${ACCOUNT}:dashboard/minitwit`)],
    notGranted: {
      'CloudFormation lists dashboards only for imports.': ['cloudwatch:ListDashboards'],
    },
  },
  'AWS::CloudWatch::Alarm': {
    own: [untagged(at('cloudwatch', 'alarm:minitwit-unhealthy-instances'))],
  },
  'AWS::EC2::LaunchTemplate': { own: [untagged(at('ec2', 'launch-template/lt-1'))] },
  'AWS::EC2::SecurityGroup': {
    own: [untagged(at('ec2', 'security-group/sg-1'))],
    others: [untagged(at('ec2', 'security-group-rule/sgr-1')), vpc],
  },
  'AWS::EC2::SecurityGroupEgress': {
    own: null,
    others: [securityGroup, untagged(at('ec2', 'security-group-rule/sgr-1'))],
  },
  'AWS::EC2::Volume': {
    own: [untagged(at('ec2', 'volume/vol-1'))],
    notGranted: {
      'The volume is not created from a snapshot or another volume.': ['ec2:CopyVolumes'],
      'The key of EBS itself allows its use to every user of EC2.': ['kms:*'],
      'The volume has no automatic input and output.': ['ec2:ModifyVolumeAttribute'],
      'The volume is retained. It gets no snapshot when it is deleted.': ['ec2:CreateSnapshot'],
    },
  },
  'AWS::ElasticLoadBalancingV2::Listener': {
    own: [untagged(at('elasticloadbalancing', `listener/${BALANCER}/f2f7dc8efc522ab2`))],
    others: [created(at('elasticloadbalancing', `loadbalancer/${BALANCER}`))],
    notGranted: { 'No listener logs users in.': ['cognito-idp:DescribeUserPoolClient'] },
  },
  'AWS::ElasticLoadBalancingV2::ListenerRule': {
    own: [
      untagged(
        at('elasticloadbalancing', `listener-rule/${BALANCER}/f2f7dc8efc522ab2/9683b2d02a6cabee`),
      ),
    ],
    others: [created(at('elasticloadbalancing', `listener/${BALANCER}/f2f7dc8efc522ab2`))],
    notGranted: {
      'No rule logs users in.': ['cognito-idp:DescribeUserPoolClient'],
      'The priority of a rule never changes, and this action supports no tags.': [
        'elasticloadbalancing:SetRulePriorities',
      ],
    },
  },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    own: [untagged(at('elasticloadbalancing', `loadbalancer/${BALANCER}`))],
    notGranted: {
      'The load balancer has neither reserved capacity nor addresses of its own.': [
        'elasticloadbalancing:ModifyCapacityReservation',
        'elasticloadbalancing:ModifyIpPools',
      ],
      'The load balancer has IPv4 addresses only.': ['elasticloadbalancing:SetIpAddressType'],
    },
  },
  'AWS::ElasticLoadBalancingV2::TargetGroup': {
    own: [
      untagged(at('elasticloadbalancing', 'targetgroup/minitwi-Targe-1A2B3C/73e2d6bc24d8a067')),
    ],
    notGranted: {
      'The Auto Scaling group registers the instances.': [
        'elasticloadbalancing:DeregisterTargets',
        'elasticloadbalancing:RegisterTargets',
      ],
    },
  },
  // The schemas of the two types of Glue have no permissions.
  'AWS::Glue::Database': {
    own: null,
    others: [
      untagged(at('glue', 'catalog')),
      untagged(at('glue', 'database/minitwit')),
      untagged(at('glue', 'table/minitwit/message')),
      untagged(at('glue', 'userDefinedFunction/minitwit/none')),
    ],
    undocumented: {
      create: ['glue:CreateDatabase'],
      read: ['glue:GetDatabase'],
      update: ['glue:UpdateDatabase'],
      delete: ['glue:DeleteDatabase'],
    },
  },
  'AWS::Glue::Table': {
    own: null,
    others: [
      untagged(at('glue', 'catalog')),
      untagged(at('glue', 'database/minitwit')),
      untagged(at('glue', 'table/minitwit/message')),
    ],
    undocumented: {
      create: ['glue:CreateTable'],
      read: ['glue:GetTable'],
      update: ['glue:UpdateTable'],
      delete: ['glue:DeleteTable'],
    },
  },
  'AWS::IAM::InstanceProfile': {
    own: [untagged(iam('instance-profile/minitwit-InstanceProfile-1A2B3C'))],
    others: [instanceRole],
  },
  'AWS::IAM::Policy': {
    own: null,
    others: [instanceRole],
    notGranted: {
      'The policies of the stack belong to a role.': [
        'iam:DeleteGroupPolicy',
        'iam:DeleteUserPolicy',
        'iam:GetGroupPolicy',
        'iam:GetUserPolicy',
        'iam:PutGroupPolicy',
        'iam:PutUserPolicy',
      ],
    },
  },
  'AWS::IAM::Role': {
    own: [instanceRole],
    notGranted: {
      'The role has inline policies only.': ['iam:AttachRolePolicy', 'iam:DetachRolePolicy'],
      'Operators must not remove the boundary.': ['iam:DeleteRolePermissionsBoundary'],
      'The role has no description, and the default duration of sessions.': [
        'iam:UpdateRole',
        'iam:UpdateRoleDescription',
      ],
    },
  },
  'AWS::Logs::LogGroup': {
    own: [untagged(at('logs', 'log-group:minitwit-Logs-1A2B3C'))],
    notGranted: {
      'The log group has only a retention period, and no key of its own.': [
        'firehose:TagDeliveryStream',
        'logs:AssociateKmsKey',
        'logs:CreateLogDelivery',
        'logs:DeleteDataProtectionPolicy',
        'logs:DeleteIndexPolicy',
        'logs:DeleteResourcePolicy',
        'logs:DisassociateKmsKey',
        'logs:PutBearerTokenAuthentication',
        'logs:PutDataProtectionPolicy',
        'logs:PutIndexPolicy',
        'logs:PutLogGroupDeletionProtection',
        'logs:PutResourcePolicy',
        's3:REST.PUT.OBJECT',
      ],
    },
  },
  'AWS::RDS::DBInstance': {
    own: [untagged(at('rds', 'db:minitwit-database-1a2b3c'))],
    others: [
      { ...instanceRole, actions: /^iam:GetRole$/ },
      key,
      serviceRole('rds'),
      untagged(at('rds', 'auto-backup:ab-1a2b3c')),
      untagged(at('rds', 'og:default:mysql-8-4')),
      untagged(at('rds', 'pg:minitwit-databaseparameters-1a2b3c')),
      untagged(at('rds', 'snapshot:minitwit-20261129t0628')),
      untagged(at('rds', 'snapshot:rds:minitwit-database-1a2b3c-2026-11-29-05-10')),
      untagged(at('rds', 'subgrp:minitwit-databasesubnets-1a2b3c')),
      {
        arn: at('secretsmanager', 'secret:rds!db-1a2b3c-AbCdEf'),
        actions: /^secretsmanager:(?!Get)/,
      },
      {
        ...inStack(at('secretsmanager', 'secret:MasterPassword-1A2B3C-AbCdEf')),
        actions: /^secretsmanager:GetSecretValue$/,
      },
    ],
    // CloudFormation resolves `{{resolve:secretsmanager:…}}` with the operator's permissions.
    undocumented: { resolve: ['secretsmanager:GetSecretValue'] },
    notGranted: {
      'The database has no role.': [
        'iam:PassRole',
        'rds:AddRoleToDBInstance',
        'rds:RemoveRoleFromDBInstance',
      ],
      'A replica never becomes a database.': ['rds:PromoteReadReplica'],
      'The database has no backups in another region.': [
        'rds:StartDBInstanceAutomatedBackupsReplication',
        'rds:StopDBInstanceAutomatedBackupsReplication',
      ],
    },
  },
  'AWS::RDS::DBParameterGroup': {
    own: [untagged(at('rds', 'pg:minitwit-databaseparameters-1a2b3c'))],
    others: [serviceRole('rds')],
  },
  'AWS::RDS::DBSubnetGroup': {
    own: [untagged(at('rds', 'subgrp:minitwit-databasesubnets-1a2b3c'))],
    others: [serviceRole('rds')],
  },
  'AWS::Route53::RecordSet': {
    own: null,
    others: [records('A'), { arn: 'arn:aws:route53:::change/C1', actions: /^route53:GetChange$/ }],
    // The registry has no permissions of this type. AWS published these in an earlier schema.
    undocumented: {
      create: [
        'route53:ChangeResourceRecordSets',
        'route53:GetChange',
        'route53:GetHostedZone',
        'route53:ListHostedZones',
        'route53:ListResourceRecordSets',
      ],
    },
  },
  'AWS::S3::BucketPolicy': {
    own: null,
    others: [untagged('arn:aws:s3:::minitwit-accesslogbucket-1a2b3c')],
  },
  'AWS::S3::Bucket': {
    own: [untagged('arn:aws:s3:::minitwit-warehousebucket-1a2b3c')],
    notGranted: {
      'The bucket has no replication, so it has no role.': [
        'iam:PassRole',
        's3:PutReplicationConfiguration',
      ],
      'The bucket has no tables of metadata.': [
        's3:CreateBucketMetadataTableConfiguration',
        's3:DeleteBucketMetadataTableConfiguration',
        's3:UpdateBucketMetadata*',
        's3tables:*',
      ],
      'Access depends neither on access control lists nor on tags.': [
        's3:PutBucketAbac',
        's3:PutBucketAcl',
        's3:PutObjectAcl',
      ],
      'The bucket stores objects only: it is no website, and has no locks, logs, reports or notifications.':
        [
          's3:DeleteBucketWebsite',
          's3:PutAccelerateConfiguration',
          's3:PutAnalyticsConfiguration',
          's3:PutBucketCORS',
          's3:PutBucketLogging',
          's3:PutBucketNotification',
          's3:PutBucketObjectLockConfiguration',
          's3:PutBucketWebsite',
          's3:PutIntelligentTieringConfiguration',
          's3:PutInventoryConfiguration',
          's3:PutMetricsConfiguration',
        ],
      'CloudFormation does not empty a bucket.': ['s3:DeleteObject'],
      'IAM has no such action. The schema has the names of requests.': [
        's3:DeleteBucketAnalyticsConfiguration',
        's3:DeleteBucketCors',
        's3:DeleteBucketEncryption',
        's3:DeleteBucketLifecycle',
        's3:DeleteBucketMetricsConfiguration',
        's3:DeleteBucketReplication',
        's3:PutBucketReplication',
        's3:PutObjectLockConfiguration',
      ],
    },
  },
  'AWS::Scheduler::Schedule': {
    own: [untagged(at('scheduler', 'schedule/default/minitwit-warehouse'))],
    others: [
      {
        arn: iam('role/minitwit-scheduler'),
        context: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
        actions: /^iam:PassRole$/,
      },
    ],
    notGranted: {
      'CloudFormation lists schedules only for imports.': ['scheduler:ListSchedules'],
    },
  },
  'AWS::SecretsManager::Secret': {
    own: [
      untagged(at('secretsmanager', 'secret:MasterPassword-1A2B3C-AbCdEf')),
      untagged(at('secretsmanager', 'secret:SessionSecret-1A2B3C-AbCdEf')),
    ],
    notGranted: {
      'The secrets have no copy in another region.': [
        'secretsmanager:RemoveRegionsFromReplication',
        'secretsmanager:ReplicateSecretToRegions',
      ],
      'CloudFormation lists secrets only for imports.': ['secretsmanager:ListSecrets'],
    },
  },
  'AWS::SNS::Topic': {
    own: [untagged(at('sns', 'minitwit-AlarmTopic-1A2B3C'))],
    others: [{ ...instanceRole, actions: /^iam:GetRole$/ }],
    notGranted: {
      'The topic has no role.': ['iam:PassRole'],
      'The topic has no data protection policy.': ['sns:PutDataProtectionPolicy'],
    },
  },
  'AWS::WAFv2::WebACL': {
    own: [untagged(firewall)],
    notGranted: { 'CloudFormation lists firewalls only for imports.': ['wafv2:listWebACLs'] },
  },
  'AWS::WAFv2::WebACLAssociation': {
    own: null,
    others: [untagged(firewall), inStack(at('elasticloadbalancing', `loadbalancer/${BALANCER}`))],
    notGranted: {
      'The firewall protects a load balancer.': [
        'amplify:*',
        'apigateway:*',
        'apprunner:*',
        'appsync:*',
        'bedrock-agentcore:*',
        'cognito-idp:*',
        'ec2:*',
      ],
      'The firewall is not shared with other accounts.': [
        'wafv2:GetPermissionPolicy',
        'wafv2:PutPermissionPolicy',
      ],
    },
  },
};

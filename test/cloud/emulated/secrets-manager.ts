import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { AwsStub } from '../../support/aws-stub.ts';
import type { AwsRequest, AwsResponse } from '../../support/aws-request.ts';

const LABELS_MAX = 20;

interface Version {
  value: string;
  stages: Set<string>;
  createdAt: Date;
}

interface Secret {
  versions: Map<string, Version>;
  changedAt: Date;
  /** Earlier states, which `staleReads` further reads still show. */
  stale: { versions: Map<string, Version>; reads: number } | null;
}

/** The secrets of an account. */
export interface EmulatedSecrets {
  /** Creates a secret, as CloudFormation does. */
  create: (id: string, value: string, changedAt?: Date) => void;
  /** Returns the value of a stage, or null. */
  read: (id: string, stage?: string) => string | null;
  /** Returns the value of a version if it has the stage, and otherwise null. */
  readVersion: (id: string, versionId: string, stage: string) => string | null;
  /** Returns the values of all versions that still exist. */
  listValues: (id: string) => string[];
  /** The number of reads after each change that show the earlier state. AWS is eventually consistent. */
  staleReads: number;
  /** Returns whether a request may read this secret. By default, every request may. */
  mayRead: (id: string, request: AwsRequest) => boolean | Promise<boolean>;
}

const request = z.object({
  SecretId: z.string(),
  VersionId: z.string().optional(),
  VersionStage: z.string().optional(),
  SecretString: z.string().optional(),
  ClientRequestToken: z.string().optional(),
  VersionStages: z.array(z.string()).optional(),
  RemoveFromVersionId: z.string().optional(),
  MoveToVersionId: z.string().optional(),
});
type Fields = z.infer<typeof request>;

class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Answers as Secrets Manager. A stage belongs to one version at most, AWSPREVIOUS follows AWSCURRENT, a version cannot be
 * changed, and a version without a stage is deleted at once, which AWS may do at any time.
 * @param generate returns the value of a secret that CloudFormation has generated, or null. By default, there are none
 */
export function emulateSecretsManager(
  account: AwsStub,
  generate: (id: string) => string | null = () => null,
): EmulatedSecrets {
  const secrets = new Map<string, Secret>();
  const requireSecret = (id: string): Secret => {
    const value = generate(id);
    if (!secrets.has(id) && value !== null) emulated.create(id, value);
    const secret = secrets.get(id);
    if (secret) return secret;
    throw new Refusal(
      'ResourceNotFoundException',
      "Secrets Manager can't find the specified secret.",
    );
  };
  const emulated: EmulatedSecrets = {
    create: (id, value, changedAt = new Date()) => {
      const version = { value, stages: new Set(['AWSCURRENT']), createdAt: changedAt };
      const versions = new Map([[randomUUID(), version]]);
      secrets.set(id, { versions, changedAt, stale: null });
    },
    read: (id, stage = 'AWSCURRENT') => {
      const { versions } = requireSecret(id);
      return holderOf(versions, stage)?.[1].value ?? null;
    },
    readVersion: (id, versionId, stage) => {
      const version = requireSecret(id).versions.get(versionId);
      return version?.stages.has(stage) ? version.value : null;
    },
    listValues: (id) => Array.from(requireSecret(id).versions.values(), (it) => it.value),
    staleReads: 0,
    mayRead: () => true,
  };
  const change = (secret: Secret) => {
    const versions = new Map(
      Array.from(secret.versions, ([id, it]) => [id, { ...it, stages: new Set(it.stages) }]),
    );
    secret.stale = { versions, reads: emulated.staleReads };
    secret.changedAt = new Date();
  };
  const actions: Record<string, (fields: Fields) => object> = {
    DescribeSecret: (fields) => describe(fields, requireSecret(fields.SecretId)),
    GetSecretValue: (fields) => getValue(fields, requireSecret(fields.SecretId)),
    PutSecretValue: (fields) => putValue(fields, requireSecret(fields.SecretId), change),
    UpdateSecretVersionStage: (fields) =>
      updateStage(fields, requireSecret(fields.SecretId), change),
  };
  for (const [name, act] of Object.entries(actions)) {
    account.stub(`secretsmanager:${name}`, async (from) => {
      try {
        const fields = request.parse(JSON.parse(String(from.body)));
        if (name === 'GetSecretValue' && !(await emulated.mayRead(fields.SecretId, from))) {
          throw createAccessDenied(fields.SecretId);
        }
        return answer(200, act(fields));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return answer(400, { __type: error.code, Message: error.message });
      }
    });
  }
  return emulated;
}

function createAccessDenied(id: string): Refusal {
  return new Refusal(
    'AccessDeniedException',
    `User is not authorized to perform: secretsmanager:GetSecretValue on resource: ${id} because no identity-based policy allows the secretsmanager:GetSecretValue action`,
  );
}

function holderOf(
  versions: Map<string, Version>,
  stage: string,
): [id: string, version: Version] | undefined {
  return Array.from(versions).find(([, { stages }]) => stages.has(stage));
}

/** Returns the versions that a read shows. */
function visibleVersions(secret: Secret): Map<string, Version> {
  if (!secret.stale || secret.stale.reads === 0) return secret.versions;
  secret.stale.reads -= 1;
  return secret.stale.versions;
}

function describe({ SecretId }: Fields, secret: Secret) {
  const versions = Array.from(visibleVersions(secret), ([id, { stages }]) => [id, [...stages]]);
  return {
    ARN: SecretId,
    LastChangedDate: +secret.changedAt / 1000,
    VersionIdsToStages: Object.fromEntries(versions) as object,
  };
}

function getValue({ SecretId, VersionId, VersionStage }: Fields, secret: Secret) {
  const versions = visibleVersions(secret);
  const stage = VersionStage ?? (VersionId === undefined ? 'AWSCURRENT' : undefined);
  const id = VersionId ?? holderOf(versions, stage ?? '')?.[0];
  const version = id === undefined ? undefined : versions.get(id);
  if (id === undefined || !version) {
    const what = VersionId ? `VersionId: ${VersionId}` : `staging label: ${stage}`;
    throw new Refusal(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for ${what}`,
    );
  }
  if (stage !== undefined && !version.stages.has(stage)) {
    throw new Refusal(
      'InvalidRequestException',
      'You provided a VersionStage that is not associated to the provided VersionId.',
    );
  }
  return {
    ARN: SecretId,
    VersionId: id,
    SecretString: version.value,
    VersionStages: [...version.stages],
    CreatedDate: +version.createdAt / 1000,
  };
}

function putValue(fields: Fields, secret: Secret, change: (secret: Secret) => void) {
  const { SecretId, SecretString = '', ClientRequestToken: token = '' } = fields;
  const stages = fields.VersionStages ?? ['AWSCURRENT'];
  if (token.length < 32 || token.length > 64) {
    throw new Refusal('InvalidParameterException', 'ClientRequestToken must be 32-64 characters.');
  }
  if (stages.length === 0 || stages.length > LABELS_MAX || SecretString === '') {
    throw new Refusal('InvalidParameterException', 'A parameter is not valid.');
  }
  const existing = secret.versions.get(token);
  if (existing && existing.value !== SecretString) {
    throw new Refusal(
      'ResourceExistsException',
      `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${SecretId}.`,
    );
  }
  if (!existing) {
    change(secret);
    secret.versions.set(token, {
      value: SecretString,
      stages: new Set(),
      createdAt: new Date(),
    });
    for (const stage of stages) attach(secret, stage, token);
  }
  return { ARN: SecretId, VersionId: token, VersionStages: stages };
}

function updateStage(fields: Fields, secret: Secret, change: (secret: Secret) => void) {
  const { SecretId, VersionStage = '', RemoveFromVersionId: from, MoveToVersionId: to } = fields;
  const refuse = (message: string) => {
    throw new Refusal('InvalidParameterException', message);
  };
  for (const id of [from, to]) {
    if (id !== undefined && !secret.versions.has(id)) {
      throw new Refusal(
        'ResourceNotFoundException',
        `Secrets Manager can't find the specified secret version ${id}.`,
      );
    }
  }
  const holder = holderOf(secret.versions, VersionStage)?.[0];
  if (from !== undefined && holder !== from) {
    refuse(`The staging label ${VersionStage} is not attached to version ${from}.`);
  }
  if (from === undefined && holder !== undefined && holder !== to) {
    refuse(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${VersionStage} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  }
  if (to === undefined && VersionStage === 'AWSCURRENT') {
    refuse(
      'You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed.',
    );
  }
  change(secret);
  if (to !== undefined) attach(secret, VersionStage, to);
  else if (from !== undefined) detach(secret, VersionStage, from);
  return { ARN: SecretId };
}

function attach(secret: Secret, stage: string, id: string): void {
  const holder = holderOf(secret.versions, stage)?.[0];
  if (holder === id) return;
  secret.versions.get(id)?.stages.add(stage);
  if (holder === undefined) return;
  // AWS moves AWSPREVIOUS before it deletes a version.
  if (stage === 'AWSCURRENT') attach(secret, 'AWSPREVIOUS', holder);
  detach(secret, stage, holder);
}

/** Removes a stage. A version without a stage is deprecated, and AWS may delete it. */
function detach(secret: Secret, stage: string, id: string): void {
  const version = secret.versions.get(id);
  version?.stages.delete(stage);
  if (version?.stages.size === 0) secret.versions.delete(id);
}

function answer(status: number, body: object): AwsResponse {
  const headers = { 'content-type': 'application/x-amz-json-1.1' };
  return { status, headers, body: JSON.stringify(body) };
}

import { expect, test } from 'vitest';
import {
  assertKnownParameters,
  effectiveValues,
  toRequestParameters,
} from '../../../src/cloud/stack/parameters.ts';

const known = [
  { name: 'ImageId', default: null },
  { name: 'InstanceType', default: 't3.micro' },
  { name: 'InstanceCount', default: '2' },
  { name: 'DatabaseStorageGib', default: '20' },
];
const stack = {
  id: 'arn:1',
  status: 'CREATE_COMPLETE',
  reason: null,
  parameters: { ImageId: 'ami-1', InstanceType: 't3.small', Forgotten: 'x' },
  outputs: {},
  tags: {},
  isProtected: false,
  name: 'minitwit',
};
const names = known.map(({ name }) => name);

test.each([
  ['instancetype', 'Did you mean InstanceType?'],
  ['Instances', 'Did you mean InstanceType?'],
  ['StorageGib', 'Did you mean DatabaseStorageGib?'],
  ['Image', 'Did you mean ImageId?'],
  ['Colour', 'Its parameters are ImageId, InstanceType, InstanceCount, DatabaseStorageGib.'],
])('assertKnownParameters rejects %s: %s', (name, hint) => {
  expect(() => assertKnownParameters(known, { InstanceCount: '1', [name]: 'x' })).toThrow(
    `The template has no parameter ${name}. ${hint}`,
  );
});

test('assertKnownParameters accepts the parameters of the template', () => {
  expect(() =>
    assertKnownParameters(known, { ImageId: 'ami-2', InstanceCount: '3' }),
  ).not.toThrow();
});

test('effectiveValues prefers values that are set, then those of the stack, then the defaults of the template', () => {
  expect(effectiveValues(known, stack, { InstanceCount: '3' })).toEqual({
    ImageId: 'ami-1',
    InstanceType: 't3.small',
    InstanceCount: '3',
    DatabaseStorageGib: '20',
  });
  expect(effectiveValues(known, null, {})).not.toHaveProperty('ImageId');
});

test('toRequestParameters retains the values of the stack, and omits parameters that are new in the template', () => {
  expect(toRequestParameters(names, stack, { ImageId: 'ami-2' })).toEqual([
    { ParameterKey: 'ImageId', ParameterValue: 'ami-2' },
    { ParameterKey: 'InstanceType', UsePreviousValue: true },
  ]);
  expect(toRequestParameters(names, null, { ImageId: 'ami-2', InstanceCount: '' })).toEqual([
    { ParameterKey: 'ImageId', ParameterValue: 'ami-2' },
    { ParameterKey: 'InstanceCount', ParameterValue: '' },
  ]);
});

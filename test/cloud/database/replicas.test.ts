import { expect, test } from 'vitest';
import { resolveReplicas } from '../../../src/cloud/database/replicas.ts';
import type { ParameterValues } from '../../../src/cloud/stack/parameters.ts';
import type { Stack } from '../../../src/cloud/stack/stack.ts';
import { openTestCloud } from '../test-cloud.ts';

const NONE = { ReadReplicas: '0', Replicable: 'no', DatabaseVersion: '8.4' };
const TWO = { ...NONE, ReadReplicas: '2', Replicable: 'yes' };

/** Returns the parameters that replicas need, and the output, for a stack with parameters. A new stack has none. */
function resolve(parameters: ParameterValues | null, set: ParameterValues) {
  const { open, lines } = openTestCloud();
  const stack = parameters && ({ name: 'minitwit', parameters } as Stack);
  const all = { ...NONE, ...parameters, ...set };
  return { values: resolveReplicas(open(), stack, { set, all }), lines };
}

test('read replicas make the database replicable, and a running database restarts for it', () => {
  expect(resolve(null, { ReadReplicas: '1' })).toEqual({
    values: { Replicable: 'yes' },
    lines: [],
  });
  const { values, lines } = resolve(NONE, { ReadReplicas: '1' });
  expect(values).toEqual({ Replicable: 'yes' });
  expect(lines).toEqual([expect.stringMatching(/^The database restarts once/)]);
});

test('a stack of an earlier version without read replicas does not change', () => {
  expect(resolve({ DatabaseVersion: '8.4' }, {})).toEqual({ values: {}, lines: [] });
});

test('a database without its last read replica stays replicable, until the operator changes it', () => {
  expect(resolve(TWO, { ReadReplicas: '0' })).toEqual({ values: {}, lines: [] });
  const { values, lines } = resolve({ ...TWO, ReadReplicas: '0' }, { Replicable: 'no' });
  expect(values).toEqual({});
  expect(lines).toHaveLength(1);
});

test.each([
  [TWO, { Replicable: 'no' }],
  [TWO, { ReadReplicas: '0', Replicable: 'no' }],
  [NONE, { ReadReplicas: '1', Replicable: 'no' }],
])('a change of %j to %j is refused with the parameter to set first', (parameters, set) => {
  expect(() => resolve(parameters, set)).toThrow('up --set ReadReplicas=0 before you set');
});

test('another version is refused while the database has read replicas, which must not be older', () => {
  expect(() => resolve(TWO, { DatabaseVersion: '8.4.11' })).toThrow('up --set ReadReplicas=0, set');
  expect(resolve(NONE, { DatabaseVersion: '8.4.11' }).values).toEqual({});
  const set = { DatabaseVersion: '8.4.11', ReadReplicas: '0' };
  expect(() => resolve(TWO, set)).toThrow('up --set ReadReplicas=0, set');
});

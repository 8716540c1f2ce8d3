import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { DEFAULT_TIMING } from '../../src/cli/command-context.ts';
import {
  type Journal,
  createMemoryJournal,
  planSteps,
  runSteps,
  type Step,
  type StepContext,
  undoSteps,
} from '../../src/cli/steps.ts';
import { OperatorError } from '../../src/errors/operator-error.ts';

// These tests cover every command that runs steps. The tests of a command cover its own steps only.

const stopped = new OperatorError('Stopped by SIGINT.');
const noop = async () => undefined;

/** Creates steps that record their events in order: `begin X`, `run X`, `undo X` and `end X`. */
function setUp(...names: string[]) {
  const events: string[] = [];
  const lines: string[] = [];
  const memory = createMemoryJournal();
  const journal: Journal = {
    listBegun: memory.listBegun,
    begin: (step) => {
      events.push(`begin ${step}`);
      return memory.begin(step);
    },
    end: (step) => {
      events.push(`end ${step}`);
      return memory.end(step);
    },
  };
  const createStep = (name: string) => ({
    name,
    run: async () => void events.push(`run ${name}`),
    undo: async () => void events.push(`undo ${name}`),
  });
  const steps: Step<StepContext>[] = names.map(createStep);
  const stopping = new AbortController();
  const context: StepContext = {
    journal,
    print: (line) => lines.push(line),
    log: (line) => lines.push(line),
    signal: stopping.signal,
    timing: DEFAULT_TIMING,
  };
  return {
    steps,
    events,
    lines,
    journal,
    stop: () => stopping.abort(stopped),
    run: (stopTimeoutMs = 20_000) =>
      runSteps(steps, { ...context, timing: { ...DEFAULT_TIMING, stopTimeoutMs } }),
    undo: () => undoSteps(steps, context),
    context,
  };
}

/** Replaces functions or messages of a step. */
function change<Context>(step: Step<Context> | undefined, changes: Partial<Step<Context>>): void {
  if (!step) throw new Error('There is no such step.');
  Object.assign(step, changes);
}

test('each step is in the journal before it runs, and steps run in their order', async () => {
  const { events, journal, run } = setUp('one', 'two');
  await run();
  expect(events).toEqual(['begin one', 'run one', 'begin two', 'run two']);
  expect(journal.listBegun()).toEqual(['one', 'two']);
});

test('steps are undone in reverse order, and leave the journal once they are undone', async () => {
  const { events, journal, run, undo } = setUp('one', 'two');
  await run();
  events.length = 0;
  await undo();
  expect(events).toEqual(['undo two', 'end two', 'undo one', 'end one']);
  expect(journal.listBegun()).toEqual([]);
});

test('a failed step ends the run with its error, and only it and earlier steps are undone', async () => {
  const { steps, events, run, undo } = setUp('one', 'two', 'three');
  const failure = new OperatorError('AWS says no.');
  change(steps[1], { run: () => Promise.reject(failure) });
  await expect(run()).rejects.toBe(failure);
  await undo();
  expect(events).toEqual([
    'begin one',
    'run one',
    'begin two',
    'undo two',
    'end two',
    'undo one',
    'end one',
  ]);
});

test('a step that cannot be journalled does not run', async () => {
  const { events, journal, run } = setUp('one');
  journal.begin = () => Promise.reject(new OperatorError('The disk is full.'));
  await expect(run()).rejects.toThrow('The disk is full.');
  expect(events).toEqual([]);
});

test('nothing begins once the signal is aborted', async () => {
  const { events, run, stop } = setUp('one');
  stop();
  await expect(run()).rejects.toBe(stopped);
  expect(events).toEqual([]);
});

test.each([
  ['returns', noop],
  ['throws', () => Promise.reject(new Error('ssh: cut'))],
])('a step that %s after the signal ends the run with the reason of the signal', async (_, end) => {
  const { steps, events, journal, run, stop } = setUp('one', 'two');
  change(steps[0], {
    run: () => {
      stop();
      return end();
    },
  });
  await expect(run()).rejects.toBe(stopped);
  expect(events).toEqual(['begin one']);
  expect(journal.listBegun()).toEqual(['one']);
});

test('a step that ignores the signal is abandoned after stopTimeoutMs, and undone', async () => {
  const { steps, events, run, stop, undo } = setUp('one', 'two');
  change(steps[0], {
    run: () => {
      stop();
      return new Promise(() => undefined);
    },
  });
  await expect(run(1)).rejects.toBe(stopped);
  await undo();
  expect(events).toEqual(['begin one', 'undo one', 'end one']);
});

test('without a signal a step may take longer than stopTimeoutMs', async () => {
  const { steps, run } = setUp('one');
  let isDone = false;
  change(steps[0], {
    run: async () => {
      await sleep(20);
      isDone = true;
    },
  });
  await run(1);
  expect(isDone).toBe(true);
});

test('prints the messages of `run` and `undo`, if a step has them', async () => {
  const { steps, lines, run, undo } = setUp('one', 'two');
  change(steps[0], {
    runMessage: 'Starting the instance',
    undoMessage: 'Terminating the instance',
  });
  await run();
  await undo();
  expect(lines).toEqual(['Starting the instance …', 'Terminating the instance …']);
});

test('a step that cannot be undone stays in the journal, and the other steps are undone', async () => {
  const { steps, events, lines, journal, run, undo } = setUp('one', 'two', 'three');
  change(steps[1], {
    undo: () => Promise.reject(new OperatorError('AWS says no.')),
    formatOrphans: () => ['the instance i-1, which costs', 'the volume vol-1'],
  });
  await run();
  events.length = 0;
  await expect(undo()).rejects.toThrow(
    'Not everything could be undone:\n  AWS says no.\n' +
      'This may still exist:\n  the instance i-1, which costs\n  the volume vol-1',
  );
  expect(events).toEqual(['undo three', 'end three', 'undo one', 'end one']);
  expect(journal.listBegun()).toEqual(['two']);
  // The failure is printed at once, since undoing the earlier steps may take hours.
  expect(lines).toEqual([
    'AWS says no.',
    'This may still exist: the instance i-1, which costs',
    'This may still exist: the volume vol-1',
  ]);
});

test('all steps that cannot be undone are in the one error', async () => {
  const { steps, run, undo } = setUp('one', 'two');
  for (const step of steps) {
    change(step, {
      undo: () => Promise.reject(new OperatorError(`No ${step.name}.`)),
      formatOrphans: () => [`the resource of ${step.name}`],
    });
  }
  await run();
  await expect(undo()).rejects.toThrow(
    'undone:\n  No two.\n  No one.\nThis may still exist:\n  the resource of two\n  the resource of one',
  );
});

test('a step that is undone but cannot leave the journal is no error, since it can be undone again', async () => {
  const { events, lines, journal, run, undo } = setUp('one', 'two');
  await run();
  events.length = 0;
  journal.end = () => Promise.reject(new OperatorError('The disk is full.'));
  await undo();
  expect(events).toEqual(['undo two', 'undo one']);
  expect(lines).toEqual(['The disk is full.', 'The disk is full.']);
});

test('a step that needs no undoing leaves the journal as well', async () => {
  const { context, journal } = setUp();
  await journal.begin('work');
  await undoSteps([{ name: 'work' }], context);
  expect(journal.listBegun()).toEqual([]);
});

test('the next process undoes the steps in the journal of a killed process', async () => {
  const { context, steps, events } = setUp('one', 'two', 'three');
  const journal = createMemoryJournal(['one', 'two']);
  await undoSteps(steps, { ...context, journal });
  expect(events).toEqual(['undo two', 'undo one']);
  expect(journal.listBegun()).toEqual([]);
});

test('the plan has the requests of each step, then the requests that undo the steps in reverse order', async () => {
  const planned = (name: string) => ({
    name,
    plan: () => ({ run: [`run ${name}`], undo: [`undo ${name}`, `end ${name}`] }),
  });
  const checked = { name: 'check', plan: async () => ({}) };
  const lines = await planSteps([planned('one'), checked, planned('two')], undefined);
  expect(lines).toEqual(['run one', 'run two', 'undo two', 'end two', 'undo one', 'end one']);
});

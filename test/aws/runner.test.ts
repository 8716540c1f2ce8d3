import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  type Journal,
  journalInMemory,
  runSteps,
  type Step,
  undoSteps,
} from '../../src/aws/runner.ts';
import { OperatorError } from '../../src/errors.ts';

const NAMES = ['a', 'b', 'c'];
const STOPPED = new OperatorError('Stopped by SIGINT.');

type Act = () => Promise<void> | void;

/** Steps `a`, `b` and `c`, a log of what they do, and a way to say what one of them does besides. */
function openSteps() {
  const log: string[] = [];
  const lines: string[] = [];
  const stop = new AbortController();
  const acts: Record<string, Act> = {};
  const steps = NAMES.map((name): Step<object> => ({
    name,
    doing: `Making ${name}`,
    undoing: `Removing ${name}`,
    run: async () => {
      log.push(`run ${name}, begun ${journal.begun().join('')}`);
      await acts[`run ${name}`]?.();
      log.push(`ran ${name}`);
    },
    undo: async () => {
      log.push(`undo ${name}, begun ${journal.begun().join('')}`);
      await acts[`undo ${name}`]?.();
    },
    leftovers: () => [`the ${name}: remove it by hand`],
  }));
  const journal: Journal = journalInMemory();
  const course = { journal, tell: (line: string) => lines.push(line) };
  const pace = { stopMaxMs: 60_000 };
  return {
    log,
    lines,
    acts,
    steps,
    journal,
    course,
    stop: () => stop.abort(STOPPED),
    run: (stopMaxMs = pace.stopMaxMs) =>
      runSteps(steps, {}, { ...course, signal: stop.signal, pace: { stopMaxMs } }),
    undo: () => undoSteps(steps, {}, course),
  };
}

const undone = (names: string[]) =>
  names.toReversed().map((name, index) => {
    const left = names.slice(0, names.length - index);
    return `undo ${name}, begun ${left.join('')}`;
  });

describe('on the way in', () => {
  test('steps run in their order, and each is in the journal before it runs', async () => {
    const { log, lines, journal, run } = openSteps();
    await run();
    expect(log).toEqual([
      'run a, begun a',
      'ran a',
      'run b, begun ab',
      'ran b',
      'run c, begun abc',
      'ran c',
    ]);
    expect(lines).toEqual(['Making a …', 'Making b …', 'Making c …']);
    expect(journal.begun()).toEqual(NAMES);
  });

  test('a step that the journal does not take is not run', async () => {
    const { log, journal, run } = openSteps();
    journal.begin = async (name) => {
      if (name === 'b') throw new Error('The disk is full.');
    };
    await expect(run()).rejects.toThrow('The disk is full.');
    expect(log).toEqual(['run a, begun ', 'ran a']);
  });

  test('nothing is begun after a signal', async () => {
    const { log, journal, run, stop } = openSteps();
    stop();
    await expect(run()).rejects.toBe(STOPPED);
    expect(log).toEqual([]);
    expect(journal.begun()).toEqual([]);
  });

  test('a step that does not hear the signal is left after a while, and may fail later', async () => {
    const { acts, run, stop } = openSteps();
    const late = Promise.withResolvers<void>();
    acts['run a'] = () => {
      stop();
      return late.promise;
    };
    await expect(run(5)).rejects.toBe(STOPPED);
    // An unhandled rejection would fail the test run.
    late.reject(new Error('too late'));
    await sleep(1);
  });

  test('a step that hears the signal is waited for', async () => {
    const { acts, log, run, stop } = openSteps();
    acts['run a'] = async () => {
      stop();
      await sleep(20);
      log.push('a has ended');
    };
    await expect(run()).rejects.toBe(STOPPED);
    expect(log).toContain('a has ended');
  });
});

describe.each(NAMES)('interrupted at the step %s', (name) => {
  const begun = NAMES.slice(0, NAMES.indexOf(name) + 1);

  test('a step that fails ends the run with its error, and what was begun is undone in reverse', async () => {
    const { acts, log, journal, run, undo } = openSteps();
    const refused = new OperatorError(`AWS refused ${name}.`);
    acts[`run ${name}`] = () => Promise.reject(refused);
    await expect(run()).rejects.toBe(refused);
    expect(journal.begun()).toEqual(begun);
    log.length = 0;
    await undo();
    expect(log).toEqual(undone(begun));
    expect(journal.begun()).toEqual([]);
  });

  test.each([
    ['that goes on', (stop: () => void) => stop()],
    [
      'that breaks off with an error of its own',
      (stop: () => void) => {
        stop();
        throw new Error('The connection was cut.');
      },
    ],
  ])('a signal during a step %s ends the run with the signal’s reason', async (_, act) => {
    const { acts, log, journal, run, stop, undo } = openSteps();
    acts[`run ${name}`] = async () => act(stop);
    await expect(run()).rejects.toBe(STOPPED);
    expect(journal.begun()).toEqual(begun);
    log.length = 0;
    await undo();
    expect(log).toEqual(undone(begun));
  });
});

describe('on the way out', () => {
  test('steps that were begun are undone in reverse, and told; undone again, nothing happens', async () => {
    const { log, lines, journal, run, undo } = openSteps();
    await run();
    log.length = lines.length = 0;
    await undo();
    expect(log).toEqual(undone(NAMES));
    expect(lines).toEqual(['Removing c …', 'Removing b …', 'Removing a …']);
    expect(journal.begun()).toEqual([]);
    await undo();
    expect(log).toHaveLength(3);
  });

  test('a step that cannot be undone keeps no other from it, and is named with what is left', async () => {
    const { acts, lines, log, journal, run, undo } = openSteps();
    await run();
    log.length = lines.length = 0;
    for (const name of ['a', 'c']) {
      acts[`undo ${name}`] = () => Promise.reject(new OperatorError(`Cannot remove ${name}.`));
    }
    await expect(undo()).rejects.toThrow(
      'Not everything could be undone:\n  Cannot remove c.\n  Cannot remove a.\n' +
        'This may still exist:\n  the c: remove it by hand\n  the a: remove it by hand',
    );
    expect(log).toHaveLength(3);
    // at once, and not when hours have passed with the rest
    expect(lines).toEqual([
      'Removing c …',
      'Cannot remove c.',
      'This may still exist: the c: remove it by hand',
      'Removing b …',
      'Removing a …',
      'Cannot remove a.',
      'This may still exist: the a: remove it by hand',
    ]);
    expect(journal.begun()).toEqual(['a', 'c']);

    acts['undo a'] = acts['undo c'] = () => undefined;
    log.length = 0;
    await undo();
    expect(log).toEqual(undone(['a', 'c']));
  });

  test('a step that is undone, but stays in the journal, is no error', async () => {
    const { log, lines, journal, run, undo } = openSteps();
    await run();
    log.length = lines.length = 0;
    journal.end = () => Promise.reject(new Error('The disk is full.'));
    await undo();
    expect(log.map((line) => line.slice(0, 6))).toEqual(['undo c', 'undo b', 'undo a']);
    expect(lines.filter((line) => line === 'The disk is full.')).toHaveLength(3);
  });

  test('a step without a way out, or without words, is undone silently', async () => {
    const lines: string[] = [];
    const course = {
      journal: journalInMemory(['a', 'b']),
      tell: (line: string) => lines.push(line),
    };
    const failing = () => Promise.reject(new Error('no'));
    await undoSteps([{ name: 'a' }, { name: 'b' }], {}, course);
    expect(lines).toEqual([]);
    expect(course.journal.begun()).toEqual([]);
    await course.journal.begin('a');
    await expect(undoSteps([{ name: 'a', undo: failing }], {}, course)).rejects.toThrow('no');
  });

  test('what another process has begun is undone by its names in the journal', async () => {
    const { log, steps, course } = openSteps();
    const journal = journalInMemory(['b', 'a', 'from an older version']);
    await undoSteps(steps, {}, { ...course, journal });
    expect(log.map((line) => line.slice(0, 6))).toEqual(['undo b', 'undo a']);
    expect(journal.begun()).toEqual(['from an older version']);
  });
});

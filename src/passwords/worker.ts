import { compareSync, hashSync } from 'bcryptjs';
import type { Task } from './passwords.ts';

/** Runs in a worker thread: gives the hash of a password, or whether a password matches a hash. */
export default function work(task: Task): string | boolean {
  return task.kind === 'hash'
    ? hashSync(task.password, task.cost)
    : compareSync(task.password, task.hash);
}

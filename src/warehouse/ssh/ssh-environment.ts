import type { Environment } from '../../config/environment.ts';

/**
 * Returns the environment of ssh and its child processes, without the settings of MiniTwit. AWS's settings stay, since
 * a ProxyCommand may need them.
 */
export function sshEnvironment(environment: Environment): Environment {
  const theirs = Object.entries(environment).filter(([name]) => !OURS.test(name));
  return Object.fromEntries(theirs);
}

const OURS = /^(DB|SESSION|WAREHOUSE)_/;

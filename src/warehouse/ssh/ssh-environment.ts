import type { Environment } from '../../config/environment.ts';

/**
 * What ssh, and what it starts in turn, is given of our environment: all but the settings that are for us alone.
 * AWS's stay, since a ProxyCommand may need them.
 */
export function sshEnvironment(environment: Environment): Environment {
  const theirs = Object.entries(environment).filter(([name]) => !OURS.test(name));
  return Object.fromEntries(theirs);
}

const OURS = /^(DB|SESSION|WAREHOUSE)_/;

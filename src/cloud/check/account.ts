import { readCaller } from '../caller.ts';
import { readRegion } from '../region.ts';
import type { Check } from './check.ts';

/** Whether AWS accepts the operator's credentials. */
export const account: Check = {
  subject: 'account',
  run: async ({ clients }) => {
    const { account: id, arn } = await readCaller(clients);
    return `${id} in ${await readRegion(clients)}, as ${arn}`;
  },
};

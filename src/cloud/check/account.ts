import { readCaller } from '../caller.ts';
import { readRegion } from '../region.ts';
import type { Check } from './check.ts';

/** Whether AWS accepts the operator's credentials. */
export const account: Check = {
  subject: 'account',
  run: async ({ clients }) => {
    const { arn } = await readCaller(clients);
    return `The credentials are those of ${arn}, and the region is ${await readRegion(clients)}.`;
  },
};

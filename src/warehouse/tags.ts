import { RUN_TAG, type Tags, WAREHOUSE_TAG } from '../aws/tags.ts';

/** The value of the warehouse tag until a provision or a restore is complete. Later the value is the volume's id. */
export const UNFINISHED = 'provision';

/** The tag whose value names the machine and the folder from which a run was started. */
export const ORIGIN_TAG = 'minitwit:from';

/** The tag of an instance that --keep left running. Its value is the time at which the instance shuts itself down. */
export const RUNNING_UNTIL_TAG = 'minitwit:kept-until';

/** Returns the tags of each resource that a run creates. */
export function resourceTags(warehouse: string, runId: string): Tags {
  return { Name: 'minitwit-warehouse', [WAREHOUSE_TAG]: warehouse, [RUN_TAG]: runId };
}

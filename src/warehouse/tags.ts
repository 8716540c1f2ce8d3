import { RUN_TAG, type Tags, WAREHOUSE_TAG } from '../aws/ec2/tags.ts';

export { WAREHOUSE_TAG };

/** The value of that tag as long as there is no volume yet, since a provision or a restore is not done. */
export const UNFINISHED = 'provision';

/** The tag whose value is where a run was started: machine, folder and the folder's id. */
export const ORIGIN_TAG = 'minitwit:from';

/** The tag of an instance that was left for people to query; its value is when it ends by itself. */
export const KEPT_UNTIL_TAG = 'minitwit:kept-until';

/** The tags of everything that a run makes. */
export function resourceTags(warehouse: string, runId: string): Tags {
  return { Name: 'minitwit-warehouse', [WAREHOUSE_TAG]: warehouse, [RUN_TAG]: runId };
}

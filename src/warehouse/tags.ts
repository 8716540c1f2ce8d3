import { RUN_TAG, type Tags } from '../aws/ec2/tags.ts';

/** The tag whose value is the volume that something of ours belongs to; UNFINISHED before there is one. */
export const WAREHOUSE_TAG = 'minitwit:warehouse';

/** The value of that tag as long as a provision or a restore is not done. */
export const UNFINISHED = 'provision';

/** The tag whose value is where a run was started: machine, folder and the folder's id. */
export const FROM_TAG = 'minitwit:from';

/** The tag of an instance that was left for people to query; its value is when it ends by itself. */
export const KEPT_TAG = 'minitwit:kept-until';

/** The tags of everything that a run makes. */
export function tagsOf(warehouse: string, runId: string): Tags {
  return { Name: 'minitwit-warehouse', [WAREHOUSE_TAG]: warehouse, [RUN_TAG]: runId };
}

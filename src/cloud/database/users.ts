/** The user of the database with whom the servers log in. `userdata/initdb.sh` creates it. */
export const APP_USER = 'minitwit';

/** The user of the database who may only read. `userdata/initdb.sh` creates it, but not in stacks of earlier versions. */
export const READER = 'minitwit_reader';

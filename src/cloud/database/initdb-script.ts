import { renderScript } from '../../aws/render-script.ts';

/** The values that the script needs. */
export interface InitdbScriptValues {
  region: string;
  /** The database's host name. */
  endpoint: string;
  /** The ARN or name of RDS's secret with the name and password of the master user. */
  masterSecret: string;
  /** The ARN or name of the secret with the password of the application's database user. */
  databasePassword: string;
  /** The ARN or name of the secret of the user who may only read, or null to create no such user. */
  readerPassword: string | null;
}

/**
 * Returns `userdata/initdb.sh` with these values. An instance runs it as root to create tables and database users. The
 * script is idempotent.
 */
export async function renderInitdbScript(values: InitdbScriptValues): Promise<string> {
  return renderScript('initdb.sh', {
    AWS_REGION: values.region,
    DB_HOST: values.endpoint,
    MASTER_SECRET: values.masterSecret,
    DATABASE_PASSWORD: values.databasePassword,
    READER_PASSWORD: values.readerPassword ?? '',
  });
}

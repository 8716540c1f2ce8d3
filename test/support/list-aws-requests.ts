import { globSync, readFileSync } from 'node:fs';

// IAM policies and the SDK's packages have different names for some services.
const SERVICES: Record<string, string> = {
  'auto-scaling': 'autoscaling',
  'cloudwatch-logs': 'logs',
  'cost-explorer': 'ce',
  'route-53': 'route53',
  'elastic-load-balancing-v2': 'elasticloadbalancing',
  'service-quotas': 'servicequotas',
  'secrets-manager': 'secretsmanager',
};

/**
 * Lists the requests to AWS in the source, once for each place that sends one (`new …Command(` or `paginate…(`):
 * `ec2:RunInstances`.
 * @param folders folders of `src/`, such as `aws/ec2`
 */
export function listRequests(...folders: string[]): string[] {
  return globSync(folders.map((folder) => `src/${folder}/**/*.ts`)).flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const imports = text.matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([\w-]+)'/g);
    const services = new Map(
      Array.from(imports).flatMap(([, names = '', client = '']) =>
        names.split(',').map((name) => [name.trim(), SERVICES[client] ?? client] as const),
      ),
    );
    return Array.from(
      text.matchAll(/new (\w+)Command\(|\bpaginate(\w+)\(/g),
      ([, sent, listed]) =>
        `${services.get(sent ? `${sent}Command` : `paginate${listed}`)}:${sent ?? listed}`,
    );
  });
}

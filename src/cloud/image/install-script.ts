/**
 * What the builder runs as root: fetches the source, checks it, and lets userdata/image.sh make of the instance what
 * the image shall be.
 * @param source where it can be fetched from without any right, and what is there
 */
export function renderInstallScript({ url, sha256 }: { url: string; sha256: string }): string {
  if (/['\n]/.test(url) || !/^[0-9a-f]{64}$/.test(sha256)) throw new Error('It cannot be quoted');
  return `#!/bin/bash
set -euo pipefail
checkout=$(mktemp -d /var/tmp/minitwit-source.XXXXXX)
cd "$checkout"
curl -fsS --retry 5 --max-time 300 -o source.tar.gz '${url}'
echo '${sha256}  source.tar.gz' | sha256sum --check --quiet
tar -xzf source.tar.gz
rm source.tar.gz
bash userdata/image.sh

# The agent keeps this script and its output, which the image shall not hold. While it runs it needs them to log how
# this ended: so they go when the machine stops, after the agent, since what starts before it stops after it.
systemd-run --quiet --unit=minitwit-forget --property=Type=oneshot --property=RemainAfterExit=yes \\
  --property=Before=amazon-ssm-agent.service \\
  --property='ExecStop=/bin/sh -c "rm -rf /var/lib/amazon/ssm/* /var/log/amazon/ssm/*"' /bin/true
`;
}

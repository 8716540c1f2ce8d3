/**
 * Returns the script that the builder runs as root: it downloads the source, checks it, and runs userdata/image.sh.
 * @param source a URL that needs no credentials, and the checksum in hex
 */
export function renderInstallScript({ url, sha256 }: { url: string; sha256: string }): string {
  if (/['\n]/.test(url) || !/^[0-9a-f]{64}$/.test(sha256))
    throw new Error('The URL or the checksum cannot be quoted.');
  return `#!/bin/bash
set -euo pipefail
checkout=$(mktemp -d /var/tmp/minitwit-source.XXXXXX)
cd "$checkout"
curl -fsS --retry 5 --max-time 300 -o source.tar.gz '${url}'
echo '${sha256}  source.tar.gz' | sha256sum --check --quiet
tar -xzf source.tar.gz
rm source.tar.gz
bash userdata/image.sh

# The agent stores this script and its output, which must not be in the image, but it needs them until it has reported
# the result. This unit deletes them at shutdown. It starts before the agent, so it stops after the agent.
systemd-run --quiet --unit=minitwit-forget --property=Type=oneshot --property=RemainAfterExit=yes \\
  --property=Before=amazon-ssm-agent.service \\
  --property='ExecStop=/bin/sh -c "rm -rf /var/lib/amazon/ssm/* /var/log/amazon/ssm/*"' /bin/true
`;
}

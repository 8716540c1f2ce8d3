#!/usr/bin/env bash
# Unpacks a Debian package into the cache, with every package that it depends on and that this machine lacks. It needs
# no root and changes nothing else. The folder is complete as soon as it exists. If several processes need the same
# package at once, one of them unpacks it and the others wait.
#
#   unpack-package.sh PACKAGE     prints the folder; FOLDER/programs has its programs
set -euo pipefail
package=$1
lock_wait_max_s=900

# A program of one release does not run with the libraries of another.
release=$(. /etc/os-release && echo "$ID-${VERSION_CODENAME:-${VERSION_ID:-}}-$(uname -m)")
# Bash knows the home folder also where HOME is not set.
folder=${XDG_CACHE_HOME:-~/.cache}/minitwit/$release/$package
echo "$folder"
[ ! -e "$folder" ] || exit 0
mkdir -p "$(dirname "$folder")"
exec 9> "$folder.lock"
if ! flock --nonblock 9; then
  echo "Waiting for another process that unpacks Debian's $package …" >&2
  flock --timeout "$lock_wait_max_s" 9 ||
    { echo "Another process has been unpacking $package for $lock_wait_max_s s. End it, then try again." >&2; exit 1; }
fi
[ ! -e "$folder" ] || exit 0
echo "Unpacking Debian's $package into $folder (once) …" >&2

new=$folder.new
apt=$new/apt
rm -rf -- "$new"
mkdir -p "$apt"/{state/lists,cache/archives}/partial
# apt locks the folder of the status file. Its own copy lets it run without root, and beside another apt.
cp /var/lib/dpkg/status "$apt/status"
# apt reads this before the machine's configuration, and what it names as main after that. So the machine's proxies and
# sources apply, and these settings win. The machine's hooks do not run: they are for its own packages.
echo "Dir::Etc::main \"$apt/main.conf\";" > "$apt/apt.conf"
{
  [ ! -e /etc/apt/apt.conf ] || cat /etc/apt/apt.conf
  cat << END
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Log "$apt";
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
END
} > "$apt/main.conf"
export APT_CONFIG=$apt/apt.conf DEBIAN_FRONTEND=noninteractive

run_apt() { # The second attempt succeeds if a mirror was just being updated.
  apt-get -qq "$@" > "$apt/log" 2>&1 || { sleep 2 && apt-get -qq "$@" > "$apt/log" 2>&1; } || { cat "$apt/log" >&2; return 1; }
}
# One of several sources may be broken while another one has the package.
run_apt update || true
run_apt install --yes --reinstall --download-only "$package"
find "$apt/cache/archives" -name '*.deb' -print0 | xargs -0 -P 4 -I '{}' dpkg-deb --extract '{}' "$new"
rm -rf -- "$apt"
# A program in the cache must not give its caller the rights of another user.
find "$new" -perm /6000 -exec chmod a-s '{}' +

# The programs must find libraries, fonts, and plugins and other files of MariaDB in this folder instead of /usr.
libraries=$(cd "$new" && find . -path '*/lib/*' -name 'lib*.so*' -printf '%h\n' | sort -u | while read -r each; do echo "$folder/${each#./}"; done | paste -sd:)
plugins=$folder/$(cd "$new" && find . -type d -path '*/libmariadb*/plugin' -print -quit)
escape() { sed 's/&/\&amp;/g; s/</\&lt;/g' <<< "$1"; }
cat > "$new/fonts.conf" << END
<fontconfig><dir>/usr/share/fonts</dir><dir>$(escape "$folder")/usr/share/fonts</dir><cachedir>$(escape "$folder")/fonts-cache</cachedir></fontconfig>
END
cat > "$new/run" << END
#!/bin/bash
# Runs the program of this folder that has the name of the link to this script.
export LD_LIBRARY_PATH=$(printf %q "$libraries") MY_BASEDIR_VERSION=$(printf %q "$folder/usr")
export MARIADB_PLUGIN_DIR=$(printf %q "$plugins") FONTCONFIG_FILE=$(printf %q "$folder/fonts.conf")
# Some files in usr/bin are scripts that start /usr/lib/NAME/PROGRAM.
for program in $(printf %q "$folder")/usr/{lib/*,sbin,bin}/"\${0##*/}"; do
  if [ -f "\$program" ] && [ -x "\$program" ]; then exec "\$program" "\$@"; fi
done
END
chmod +x "$new/run"
mkdir "$new/programs"
for path in "$new"/usr/{bin,sbin}/*; do [ ! -x "$path" ] || ln -sf ../run "$new/programs/${path##*/}"; done
mv "$new" "$folder"

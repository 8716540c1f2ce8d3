#!/usr/bin/env bash
# Unpacks a Debian package into the cache, with every package that it depends on and that this machine lacks. It needs
# no root and changes nothing else. The folder appears complete or not at all. If several processes ask for the same
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
  flock --timeout "$lock_wait_max_s" 9 || { echo "It still unpacks after $lock_wait_max_s s. Giving up." >&2; exit 1; }
fi
[ ! -e "$folder" ] || exit 0
echo "Unpacking Debian's $package into $folder (once) …" >&2

new=$folder.new
apt=$new/apt
rm -rf -- "$new"
mkdir -p "$apt"/{state/lists,cache/archives}/partial
# apt locks the folder of the status file. Its own copy lets it run without root, and beside another apt.
cp /var/lib/dpkg/status "$apt/status"
cat > "$apt/apt.conf" << END
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
export APT_CONFIG=$apt/apt.conf DEBIAN_FRONTEND=noninteractive

run_apt() { # A mirror that is just being updated fails once.
  apt-get -qq "$@" > "$apt/log" 2>&1 || { sleep 2 && apt-get -qq "$@" > "$apt/log" 2>&1; } || { cat "$apt/log" >&2; return 1; }
}
# One source of several may be broken, and the package come from another.
run_apt update || true
run_apt install --yes --reinstall --download-only "$package"
find "$apt/cache/archives" -name '*.deb' -print0 | xargs -0 -P 4 -I '{}' dpkg-deb --extract '{}' "$new"
rm -rf -- "$apt"

# Its programs find libraries, fonts and files of MariaDB here instead of below /usr.
libraries=$(find "$new" -path '*/lib/*' -name 'lib*.so*' -printf "$folder/%P\n" | sed 's,/[^/]*$,,' | sort -u | paste -sd:)
cat > "$new/fonts.conf" << END
<fontconfig><dir>/usr/share/fonts</dir><dir>$folder/usr/share/fonts</dir><cachedir>$folder/fonts-cache</cachedir></fontconfig>
END
cat > "$new/run" << END
#!/bin/bash
# Runs the program of this folder whose name it is called by.
export LD_LIBRARY_PATH=$(printf %q "$libraries") MY_BASEDIR_VERSION=$(printf %q "$folder/usr")
export FONTCONFIG_FILE=$(printf %q "$folder/fonts.conf")
# Some of usr/bin are scripts that start /usr/lib/NAME/PROGRAM.
for program in $(printf %q "$folder")/usr/{lib/*,sbin,bin}/"\${0##*/}"; do
  [ ! -x "\$program" ] || exec "\$program" "\$@"
done
END
chmod +x "$new/run"
mkdir "$new/programs"
for path in "$new"/usr/{bin,sbin}/*; do [ ! -x "$path" ] || ln -sf ../run "$new/programs/${path##*/}"; done
mv "$new" "$folder"

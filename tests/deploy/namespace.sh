#!/bin/sh
# A machine of its own, in namespaces: this clone in /opt/unroll, an empty /var/lib and /tmp, a copy of /etc, a network
# of its own, and a systemd that knows no
# units but those of FOLDER/units. Nothing of it reaches the real machine.
#   unshare --fork --pid --mount --net --cgroup --kill-child --mount-proc namespace.sh CLONE PYTHON PACKAGES FOLDER
set -eu
clone=$1 python=$2 packages=$3 folder=$4

mount --make-rprivate /
house=$folder/opt
mkdir -p "$house/unroll" "$house/python"
mount --bind "$python" "$house/python"
mount --bind "$clone" "$house/unroll"
mount -o remount,bind,ro "$house/unroll"
mount -t tmpfs -o mode=755 tmpfs "$house/unroll/.venv"
cp -r "$folder/venv/." "$house/unroll/.venv/"
mount --bind "$packages" "$house/unroll/.venv/packages"
mount --rbind "$house" /opt

cp -a /etc "$folder/etc"
mount --bind "$folder/etc" /etc
echo image:x:10001:10001::/srv/unroll:/usr/sbin/nologin >> /etc/passwd # as the image has
echo image:x:10001: >> /etc/group
echo 127.0.0.1 postgres valkey >> /etc/hosts
for empty in /run /srv /var/lib /usr/lib/systemd/system-generators; do mount -t tmpfs -o mode=755 tmpfs $empty; done
mkdir /run/test
mount --rbind "$folder" /run/test
for shared in /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $shared; done

systemd-sysusers /opt/unroll/deploy/systemd/sysusers.conf
install -d -o unroll -g unroll -m 750 /var/lib/unroll
install -d -o 10001 -g 10001 -m 750 /srv/unroll/var
install -o unroll -g unroll -m 600 /run/test/env /var/lib/unroll/.env
exec env -i container=test PATH="$PATH" SYSTEMD_UNIT_PATH=/run/test/units \
    /lib/systemd/systemd --system --unit=test.target --log-target=console --log-level=warning --show-status=no

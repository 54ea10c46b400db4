#!/bin/sh
# Plays `docker`, as far as it is asked: what would be a container is namespaces of this machine, with the mounts that it is told of and this
# machine's system. What it was asked to run is written down beside it.
case "$1" in
info) echo "linux/any [name=seccomp,profile=default]"; exit 0 ;;
image) case "$5" in
    present) echo "linux/$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')"; exit 0 ;;
    foreign) echo linux/s390x; exit 0 ;;
    esac; echo "Error: No such image: $5" >&2; exit 1 ;;
run) printf '%s\n' "$@" >> "$0.asked" ;;
*) exit 0 ;;
esac
mounts= user=
while [ $# -gt 0 ]; do
    case "$1" in --mount) mounts="$mounts $2"; shift ;; --user) user=$2; shift ;; esac; shift
done
root=$(mktemp -d)
trap 'rmdir "$root"' EXIT
if [ "$(id -u)" = 0 ]; then namespaces= as="--userspec=$user"; else namespaces=--map-root-user as=; fi
unshare $namespaces --mount --pid --fork --kill-child --net --ipc --uts sh -c '
    root=$1 as=$2; shift 2
    mount -t tmpfs none "$root"; cd "$root"; mkdir dev proc tmp; chmod 1777 tmp
    mount -t proc proc proc
    for device in null zero urandom; do : > dev/$device; mount --bind /dev/$device dev/$device; done
    for folder in usr bin sbin lib lib64 etc; do
        [ ! -e /$folder ] || { mkdir $folder; mount --rbind /$folder $folder; }
    done
    for mount in "$@"; do
        from=${mount#*source=} to=${mount#*target=}; from=${from%%,*} to=${to%%,*}
        mkdir -p "./${to%/*}"
        if [ -d "$from" ]; then mkdir -p "./$to"; else : > "./$to"; fi
        mount --bind "$from" "./$to"
        case "$mount" in *,readonly) mount -o remount,bind,ro "./$to" ;; esac
    done
    exec chroot $as . /run/chesterton/shim contained' sh "$root" "$as" $mounts

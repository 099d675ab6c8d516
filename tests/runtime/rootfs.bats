#!/usr/bin/env bats
# The root file system: config.md "Root", "Mounts"; config-linux.md "Default
# Filesystems", "Devices", "Rootfs Mount Propagation", "Masked Paths", "Readonly Paths".
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

teardown() {
  local path
  while read -r path; do umount -l "$path"; done < <(awk -v t="$BATS_TEST_TMPDIR/" 'index($5, t) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
  common_teardown
}

# Reads $output, a mountinfo, into ${options_of[DESTINATION]} and so on; what is on top counts.
declare -gA options_of super_of propagation_of
read_mounts() {
  local where options rest tags super
  options_of=() super_of=() propagation_of=()
  while read -r _ _ _ _ where options rest; do
    [[ $rest = *'- '* ]] || continue
    tags=${rest%%- *}
    read -r _ _ super <<< "${rest#*- }"
    options_of[$where]=$options super_of[$where]=$super propagation_of[$where]=${tags% }
  done <<< "$output"
}

add_mounts() { # of lines DESTINATION|TYPE|SOURCE|OPTION,OPTION...
  config '.mounts += ($lines | split("\n") | map(select(. != "") | split("|")
    | { destination: .[0], type: .[1], source: .[2], options: (.[3] | split(",")) }))' --rawfile lines /dev/stdin
}

user_namespace() { # maps of 65536 ids from 100000
  config '.linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
}

@test "mount options: each does what it says, and later ones win" {
  bundle options
  local table='defaults|rw,relatime|
ro|ro,relatime|
rw|rw,relatime|
ro,rw|rw,relatime|
rw,ro|ro,relatime|
nosuid|rw,nosuid,relatime|
nosuid,suid|rw,relatime|
suid,nosuid|rw,nosuid,relatime|
nodev|rw,nodev,relatime|
nodev,dev|rw,relatime|
noexec|rw,noexec,relatime|
noexec,exec|rw,relatime|
noatime|rw,noatime|
noatime,atime|rw,relatime|
noatime,relatime|rw,relatime|
relatime,noatime|rw,noatime|
strictatime|rw|
strictatime,nostrictatime|rw,relatime|
noatime,strictatime|rw|
strictatime,noatime|rw,noatime|
relatime,norelatime|rw,relatime|
nodiratime|rw,nodiratime,relatime|
nodiratime,diratime|rw,relatime|
nosymfollow|rw,relatime,nosymfollow|
nosymfollow,symfollow|rw,relatime|
sync|rw,relatime|sync
sync,async|rw,relatime|!sync
dirsync|rw,relatime|dirsync
lazytime|rw,relatime|lazytime
lazytime,nolazytime|rw,relatime|!lazytime
silent|rw,relatime|
silent,loud|rw,relatime|
iversion|rw,relatime|
iversion,noiversion|rw,relatime|
mand|rw,relatime|
mand,nomand|rw,relatime|
rro|ro,relatime|
rro,rrw|rw,relatime|
rro,rw|rw,relatime|
ro,rrw|rw,relatime|
rnosuid,rnodev,rnoexec|rw,nosuid,nodev,noexec,relatime|
rnosuid,rsuid|rw,relatime|
rnodev,rdev|rw,relatime|
rnoexec,rexec|rw,relatime|
rnoatime|rw,noatime|
rnoatime,ratime|rw,relatime|
rstrictatime|rw|
rstrictatime,rnostrictatime|rw,relatime|
rrelatime|rw,relatime|
rrelatime,rnorelatime|rw,relatime|
rnodiratime|rw,nodiratime,relatime|
rnodiratime,rdiratime|rw,relatime|
rnosymfollow|rw,relatime,nosymfollow|
rnosymfollow,rsymfollow|rw,relatime|
user|rw,nosuid,nodev,noexec,relatime|
user,exec|rw,nosuid,nodev,relatime|
noauto,_netdev,x-systemd.automount,comment=hi|rw,relatime|
size=64k,mode=700,nr_inodes=99|rw,relatime|size=64k,nr_inodes=99,mode=700'
  local options wanted super n=0
  while IFS='|' read -r options _; do echo "/m/$((n++))|tmpfs|tmpfs|$options"; done <<< "$table" | add_mounts
  run_args cat /proc/self/mountinfo
  assert_success
  read_mounts
  while IFS='|' read -r options wanted super; do
    assert_equal "$options: ${options_of[/m/$n]}" "$options: $wanted"
    case $super in
      '') ;;
      !*) [[ ,${super_of[/m/$n]}, != *,${super#!},* ]] || fail "$options: ${super_of[/m/$n]}" ;;
      *) [[ ,${super_of[/m/$n]}, = *,$super,* ]] || fail "$options: ${super_of[/m/$n]}" ;;
    esac
    n=$((n + 1))
  done <<< "$table"
}

@test "bind mounts: options of the top, and recursive ones of all below" {
  bundle binds
  local src=$BATS_TEST_TMPDIR/src
  mkdir "$src"
  mount -t tmpfs -o nosuid src "$src"
  mkdir "$src/sub"
  mount -t tmpfs -o ro,nosuid,nodev,noexec,noatime sub "$src/sub"
  local table='bind|rw,nosuid,relatime|none
bind,ro|ro,nosuid,relatime|none
bind,suid|rw,relatime|none
bind,nosuid,noexec|rw,nosuid,noexec,relatime|none
bind,noatime|rw,nosuid,noatime|none
bind,strictatime|rw,nosuid|none
bind,nosymfollow|rw,nosuid,relatime,nosymfollow|none
rbind|rw,nosuid,relatime|ro,nosuid,nodev,noexec,noatime
rbind,ro|ro,nosuid,relatime|ro,nosuid,nodev,noexec,noatime
rbind,rw|rw,nosuid,relatime|ro,nosuid,nodev,noexec,noatime
rbind,rro|ro,nosuid,relatime|ro,nosuid,nodev,noexec,noatime
rbind,rrw|rw,nosuid,relatime|rw,nosuid,nodev,noexec,noatime
rbind,rro,rw|rw,nosuid,relatime|ro,nosuid,nodev,noexec,noatime
rbind,rrw,ro|ro,nosuid,relatime|rw,nosuid,nodev,noexec,noatime
rbind,rsuid|rw,relatime|ro,nodev,noexec,noatime
rbind,rdev,rexec|rw,nosuid,relatime|ro,nosuid,noatime
rbind,rnodev,rnoexec|rw,nosuid,nodev,noexec,relatime|ro,nosuid,nodev,noexec,noatime
rbind,rrelatime|rw,nosuid,relatime|ro,nosuid,nodev,noexec,relatime
rbind,rstrictatime|rw,nosuid|ro,nosuid,nodev,noexec
rbind,rnoatime|rw,nosuid,noatime|ro,nosuid,nodev,noexec,noatime
rbind,rnodiratime|rw,nosuid,nodiratime,relatime|ro,nosuid,nodev,noexec,noatime,nodiratime
rbind,rnosymfollow|rw,nosuid,relatime,nosymfollow|ro,nosuid,nodev,noexec,noatime,nosymfollow
rbind,rsuid,nosuid|rw,nosuid,relatime|ro,nodev,noexec,noatime'
  local options wanted below n=0
  while IFS='|' read -r options _; do echo "/m/$((n++))|none|$src|$options"; done <<< "$table" | add_mounts
  run_args cat /proc/self/mountinfo
  assert_success
  read_mounts
  while IFS='|' read -r options wanted below; do
    assert_equal "$options: ${options_of[/m/$n]}" "$options: $wanted"
    assert_equal "$options, below: ${options_of[/m/$n/sub]-none}" "$options, below: $below"
    n=$((n + 1))
  done <<< "$table"
  # The source is as it was.
  run cat /proc/self/mountinfo
  read_mounts
  assert_equal "${options_of[$src]} ${options_of[$src/sub]}" 'rw,nosuid,relatime ro,nosuid,nodev,noexec,noatime'
}

@test "propagation of mounts" {
  bundle propagation
  local src=$BATS_TEST_TMPDIR/src name
  mkdir "$src"
  mount -t tmpfs src "$src"
  mkdir "$src/sub"
  mount -t tmpfs sub "$src/sub"
  mount --make-rshared "$src"
  {
    for name in {,r}{private,shared,slave,unbindable}; do echo "/m/$name|none|$src|rbind,$name"; done
    echo "/m/tmpfs|tmpfs|tmpfs|shared"
    echo "/m/later|none|$src|rbind,rshared,rprivate"
  } | add_mounts
  run_args cat /proc/self/mountinfo
  assert_success
  read_mounts
  assert_equal "${propagation_of[/m/rprivate]}|${propagation_of[/m/rprivate/sub]}" '|'
  assert_equal "${propagation_of[/m/later]}|${propagation_of[/m/later/sub]}" '|'
  [[ ${propagation_of[/m/rshared]} = *shared:* && ${propagation_of[/m/rshared/sub]} = *shared:* ]] || fail "$output"
  [[ ${propagation_of[/m/shared]} = *shared:* ]] || fail "$output"
  [[ ${propagation_of[/m/rslave]} = master:* && ${propagation_of[/m/rslave/sub]} = master:* ]] || fail "$output"
  [[ ${propagation_of[/m/slave]} = master:* ]] || fail "$output"
  assert_equal "${propagation_of[/m/runbindable]}|${propagation_of[/m/runbindable/sub]}" 'unbindable|unbindable'
  assert_equal "${propagation_of[/m/unbindable]}" unbindable
  [[ ${propagation_of[/m/tmpfs]} = shared:* ]] || fail "$output"
}

@test "propagation: a slave sees what the host mounts later, the host nothing of the container" {
  bundle slave
  local src=$BATS_TEST_TMPDIR/src
  mkdir "$src"
  mount -t tmpfs src "$src"
  mount --make-shared "$src"
  mkdir "$src/later" "$src/inner"
  add_mount /slave none "$src" rbind rslave
  add_mount /private none "$src" rbind rprivate
  config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
  script 'sleep 1000'
  start_new slave
  mount -t tmpfs later "$src/later"
  echo hello > "$src/later/file"
  run berth exec slave sh -c 'cat /slave/later/file; ls -A /private/later; mount -t tmpfs x /slave/inner && touch /slave/inner/x'
  assert_output hello
  assert_equal "$(ls "$src/inner")" ''
}

@test "rootfsPropagation" {
  bundle rootprop
  mount --bind "$bundle" "$bundle"
  mount --make-shared "$bundle"
  config '.process.args = ["cat", "/proc/self/mountinfo"]'
  run_config
  read_mounts
  assert_equal "${propagation_of[/]}" ''
  config '.linux.rootfsPropagation = "private"'
  run_config
  read_mounts
  assert_equal "${propagation_of[/]}" ''
  config '.linux.rootfsPropagation = "shared"'
  run_config
  read_mounts
  [[ ${propagation_of[/]} = shared:* && ! ${propagation_of[/proc]} ]] || fail "$output"
  config '.linux.rootfsPropagation = "unbindable"'
  run_config
  read_mounts
  assert_equal "${propagation_of[/]}|${propagation_of[/proc]}" 'unbindable|'
  config '.linux.rootfsPropagation = "slave"'
  run_config
  read_mounts
  [[ ${propagation_of[/]} = master:* ]] || fail "$output"
  mkdir "$bundle/rootfs/later"
  script 'sleep 1000'
  start_new rootprop
  mount -t tmpfs later "$bundle/rootfs/later"
  : > "$bundle/rootfs/later/seen"
  run berth exec rootprop ls /later
  assert_output seen
  config '.linux.rootfsPropagation = "bogus"'
  refused /linux/rootfsPropagation bogus
}

# As Kubernetes' interface asks for, where a volume is mounted in both directions.
@test "rootfsPropagation: rshared and runbindable are for all mounts in there, also below what is masked and read-only" {
  bundle rootprops
  mkdir -p "$bundle"/{source,rootfs/{masked,readonly,volume}}
  mount -t tmpfs source "$bundle/source"
  add_mount /volume none "$bundle/source" rbind rslave
  config '.process.args = ["cat", "/proc/self/mountinfo"] | .linux.maskedPaths = ["/masked", "/proc/keys"]
    | .linux.readonlyPaths = ["/readonly", "/proc/sys"] | .root.readonly = true'
  local propagation where option
  for propagation in rshared runbindable; do
    for option in '' --no-pivot; do
      config '.linux.rootfsPropagation = $p' --arg p "$propagation"
      # shellcheck disable=SC2086 # or none
      run berth run $option --bundle "$bundle" rootprops
      assert_success
      read_mounts
      for where in / /proc /proc/keys /proc/sys /dev /dev/pts /masked /readonly /volume; do
        [[ ${propagation_of[$where]-} = "${propagation#r}"* ]] || fail "$propagation: $where is ${propagation_of[$where]-missing}" "$output"
      done
    done
  done
}

@test "mounts of other types, in the order of the list" {
  bundle types
  mkdir -p "$BATS_TEST_TMPDIR"/{low,up,work}
  echo low > "$BATS_TEST_TMPDIR/low/file"
  add_mount /a tmpfs tmpfs mode=755
  add_mount /a/b tmpfs tmpfs mode=750
  add_mount /a/b/c ramfs ramfs
  add_mount /o overlay overlay "lowerdir=$BATS_TEST_TMPDIR/low,upperdir=$BATS_TEST_TMPDIR/up" "workdir=$BATS_TEST_TMPDIR/work"
  add_mount data tmpfs tmpfs # relative to /
  run_inside 'stat -c "%n %a" /a /a/b /a/b/c; cat /o/file; echo up > /o/new; grep -o " /data .*- tmpfs" /proc/self/mountinfo; grep " / /a" /proc/self/mountinfo | sed "s/.* - //; s/ .*//"'
  assert_success
  assert_line '/a 755'
  assert_line '/a/b 750'
  assert_line low
  assert_contains ' /data '
  assert_contains $'tmpfs\ntmpfs\nramfs'
  assert_equal "$(< "$BATS_TEST_TMPDIR/up/new")" up
}

@test "bind mounts: files, made targets, relative sources, type bind, links in the image" {
  bundle files
  echo file > "$BATS_TEST_TMPDIR/file"
  mkdir "$bundle/rel" "$BATS_TEST_TMPDIR/dir"
  echo rel > "$bundle/rel/file"
  ln -s /var "$bundle/rootfs/link"
  ln -s ../../../../../../../../../tmp "$bundle/rootfs/out"
  echo covered > "$bundle/rootfs/etc/there"
  add_mount /etc/there none "$BATS_TEST_TMPDIR/file" bind
  add_mount /deep/er/file none "$BATS_TEST_TMPDIR/file" bind ro
  add_mount /rel none rel bind
  add_mount /typed bind rel
  add_mount /link/inside none rel bind
  add_mount /out/inside none rel bind
  run_inside 'cat /etc/there /deep/er/file /rel/file /typed/file /var/inside/file /tmp/inside/file; echo x > /deep/er/file'
  assert_contains $'file\nfile\nrel\nrel\nrel\nrel'
  assert_contains 'Read-only file system'
  assert_missing /tmp/inside
  assert_equal "$(< "$BATS_TEST_TMPDIR/file")" file
}

@test "mounts that cannot be made are errors that name them" {
  bundle badmounts
  local n
  n=$(jq '.mounts | length' "$bundle/config.json")
  try() { # MESSAGE... -- MOUNT: adds it, expects the error, removes it
    local texts=()
    while [[ $1 != -- ]]; do texts+=("$1"); shift; done
    shift
    add_mount "$@"
    refused "/mounts/$n" "${texts[@]}"
    config 'del(.mounts[-1])'
  }
  try 'remount: option lowerdir=1\,2' 'Invalid argument' -- /dev tmpfs tmpfs remount 'lowerdir=1\,2'
  : > "$BATS_TEST_TMPDIR/file"
  try /nowhere -- /x none /nowhere bind
  try bogusfs -- /x bogusfs x
  try bogus=1 -- /x tmpfs x bogus=1
  try size -- /x tmpfs x size=many
  try 'a directory on the file' -- /etc/passwd none "$bundle" bind # a directory on a file
  try '/proc' -- /proc/self tmpfs x
  try '/proc' -- /proc tmpfs x
  try idmap -- /x none "$bundle" bind idmap
  try tmpcopyup -- /x none "$bundle" bind tmpcopyup
  try type -- /x '' x
}

@test "tmpcopyup brings what the image has there" {
  bundle copyup
  mkdir -p "$bundle/rootfs/opt/sub/deep"
  echo one > "$bundle/rootfs/opt/one"
  echo two > "$bundle/rootfs/opt/sub/deep/two"
  ln -s one "$bundle/rootfs/opt/link"
  chmod 640 "$bundle/rootfs/opt/one"
  chmod 2711 "$bundle/rootfs/opt/sub"
  chown 1000:2000 "$bundle/rootfs/opt/sub"
  mkfifo "$bundle/rootfs/opt/fifo"
  chmod 750 "$bundle/rootfs/opt"
  add_mount /opt tmpfs tmpfs tmpcopyup
  run_inside 'cd /opt; cat one sub/deep/two; readlink link; stat -c "%n %a %u %g %F" . one sub fifo; echo new > one; grep -c " /opt .* - tmpfs" /proc/self/mountinfo'
  assert_output $'one\ntwo\none\n. 750 0 0 directory\none 640 0 0 regular file\nsub 2711 1000 2000 directory\nfifo 644 0 0 fifo\n1'
  assert_equal "$(< "$bundle/rootfs/opt/one")" one
  config '.mounts[-1].options += ["ro"]'
  run_inside 'cat /opt/one; echo new > /opt/one'
  assert_line one
  assert_contains 'Read-only file system'
}

@test "tmpfs takes the mode of the directory that it covers" {
  bundle tmpfsmode
  mkdir -m 1700 "$bundle/rootfs/covered"
  chown 1000 "$bundle/rootfs/covered"
  add_mount /covered tmpfs tmpfs
  add_mount /made tmpfs tmpfs
  run_inside 'stat -c "%a" /covered /made'
  assert_output $'1700\n1777'
}

@test "cgroup mount: with a cgroup namespace it is the container's group" {
  bundle cgroup
  script 'cat /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs | head -n1; mkdir /sys/fs/cgroup/sub; ls -d /sys/fs/cgroup/sub'
  run_config
  assert_contains $'0::/\n1'
  assert_contains 'Read-only file system'
  config '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'
  script 'mkdir /sys/fs/cgroup/sub && echo 1 > /sys/fs/cgroup/sub/cgroup.procs && cat /proc/1/cgroup | tail -n1'
  run_config
  assert_output 0::/sub
  config '(.mounts[] | select(.type == "cgroup")).type = "cgroup2"'
  run_config
  assert_output 0::/sub
}

@test "cgroup mount: without a cgroup namespace, too" {
  bundle nocgroupns
  config '.linux.namespaces |= map(select(.type != "cgroup"))'
  run_inside 'grep ^0: /proc/self/cgroup; head -n1 /sys/fs/cgroup/cgroup.procs; mkdir /sys/fs/cgroup/sub'
  assert_contains $'0::/berth-test-nocgroupns\n1'
  assert_contains 'Read-only file system'
  config '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'
  run_inside 'mkdir /sys/fs/cgroup/sub && echo 1 > /sys/fs/cgroup/sub/cgroup.procs && grep ^0: /proc/self/cgroup'
  assert_output 0::/berth-test-nocgroupns/sub
}

@test "id-mapped mounts" {
  bundle idmap
  local src=$bundle/src
  mkdir -p "$src/sub"
  : > "$src/root"; : > "$src/user"
  chown 1000:1000 "$src/user"
  mount -t tmpfs sub "$src/sub"
  : > "$src/sub/root"
  add_mount /map none src rbind idmap
  config '.mounts[-1] += { uidMappings: [{ containerID: 0, hostID: 5000, size: 2000 }], gidMappings: [{ containerID: 0, hostID: 6000, size: 2000 }] }'
  run_inside 'stat -c "%n %u %g" /map/root /map/user /map/sub/root; touch /map/new 2>&1'
  [[ $output != *"Invalid argument"* ]] || skip "this file system cannot be id-mapped: $output"
  assert_contains $'/map/root 5000 6000\n/map/user 6000 7000\n/map/sub/root 0 0'
  if mount_setattr_on_tmpfs; then
    config '.mounts[-1].options = ["rbind", "ridmap"]'
    run_inside 'stat -c "%n %u %g" /map/root /map/sub/root'
    assert_output $'/map/root 5000 6000\n/map/sub/root 5000 6000'
  fi
  # Without maps of its own it takes those of the container's user namespace.
  umount "$src/sub"
  config '.mounts[-1] |= { destination, type, source, options: ["bind", "idmap"] }'
  refused "/mounts/" idmap
  user_namespace
  run_inside 'stat -c "%n %u %g" /map/root /map/user; touch /map/made'
  assert_output $'/map/root 0 0\n/map/user 1000 1000'
  assert_equal "$(stat -c '%u %g' "$src/made")" '0 0'
}

mount_setattr_on_tmpfs() { # Linux 6.3
  local major minor
  IFS=. read -r major minor _ <<< "$(uname -r)"
  ((major > 6 || (major == 6 && minor >= 3)))
}

@test "default devices and symbolic links" {
  bundle dev
  run_inside 'cd /dev; stat -c "%n %F %t:%T %a %u:%g" null zero full random urandom tty; for l in fd stdin stdout stderr ptmx core; do [ -L $l ] && echo "$l -> $(readlink $l)"; done; ls | sort | xargs
    echo x > null && head -c 2 zero | wc -c; head -c1 urandom | wc -c; echo x > full'
  local name
  for name in 'null character special file 1:3' 'zero character special file 1:5' 'full character special file 1:7' \
    'random character special file 1:8' 'urandom character special file 1:9' 'tty character special file 5:0'; do
    assert_line "$name 666 0:0"
  done
  assert_line 'fd -> /proc/self/fd'
  assert_line 'stdin -> /proc/self/fd/0'
  assert_line 'stdout -> /proc/self/fd/1'
  assert_line 'stderr -> /proc/self/fd/2'
  assert_line 'ptmx -> pts/ptmx'
  assert_contains 'No space left on device'
}

@test "devices of the configuration: type, mode, owner, anywhere" {
  bundle devices
  mkdir "$bundle/rootfs/lib"
  config '.linux.devices = [
    { path: "/dev/mine", type: "c", major: 1, minor: 3, fileMode: 416, uid: 1000, gid: 2000 },
    { path: "/dev/sub/dir/block", type: "b", major: 7, minor: 200, fileMode: 384 },
    { path: "/lib/zero", type: "u", major: 1, minor: 5 },
    { path: "/dev/pipe", type: "p", fileMode: 489, uid: 5 },
    { path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 420 }]'
  umask 077
  run_inside 'stat -c "%n %F %t:%T %a %u:%g" /dev/mine /dev/sub/dir/block /lib/zero /dev/pipe /dev/null; head -c3 /lib/zero | wc -c'
  umask 022
  assert_output '/dev/mine character special file 1:3 640 1000:2000
/dev/sub/dir/block block special file 7:c8 600 0:0
/lib/zero character special file 1:5 666 0:0
/dev/pipe fifo 0:0 751 5:0
/dev/null character special file 1:3 644 0:0
3'
}

@test "devices that cannot be are errors" {
  bundle baddevices
  echo text > "$bundle/rootfs/etc/file"
  config '.linux.devices = [{ path: "/etc/file", type: "c", major: 1, minor: 3 }]'
  refused /linux/devices/0 /etc/file
  config '.linux.devices = [{ path: "/dev/x", type: "c", major: 1, minor: 3 }, { path: "/dev/x", type: "c", major: 1, minor: 5 }]'
  refused /linux/devices/1 /dev/x
  config '.linux.devices = [{ path: "dev/x", type: "c", major: 1, minor: 3 }]'
  refused /linux/devices/0/path dev/x
  config '.linux.devices = [{ path: "/dev/x", type: "z", major: 1, minor: 3 }]'
  refused /linux/devices/0/type z
  config '.linux.devices = [{ path: "/dev/x", type: "c" }]'
  refused /linux/devices/0/major
}

@test "devices that are there already are taken" {
  bundle existing
  mknod "$bundle/rootfs/etc/null" c 1 3
  config '.linux.devices = [{ path: "/etc/null", type: "c", major: 1, minor: 3 }]'
  run_inside 'echo x > /etc/null; stat -c "%t:%T" /etc/null'
  assert_output 1:3
}

@test "in a user namespace devices of the configuration are as asked, whatever the host has" {
  bundle owndev
  user_namespace
  mkdir -p "$bundle/rootfs/lib"; chown 100000:100000 "$bundle/rootfs/lib"
  : > "$bundle/rootfs/lib/left"
  chmod 700 "$bundle/rootfs/lib/left" # as crun leaves it
  # 1:11 the host has as /dev/kmsg, for root; 7:200 not at all.
  config '.linux.devices = [
    { path: "/dev/mine", type: "c", major: 1, minor: 3, fileMode: 416, uid: 1000, gid: 2000 },
    { path: "/dev/sub/dir/block", type: "b", major: 7, minor: 200, fileMode: 384, gid: 6 },
    { path: "/lib/zero", type: "c", major: 1, minor: 5, uid: 3 },
    { path: "/lib/left", type: "c", major: 1, minor: 5, uid: 3 },
    { path: "/dev/pipe", type: "p", fileMode: 489, uid: 5 },
    { path: "/dev/full", type: "c", major: 1, minor: 7, fileMode: 384 },
    { path: "/dev/kmsg", type: "c", major: 1, minor: 11, fileMode: 256 }]'
  local before
  before=$(stat -c '%n %t:%T %a %u:%g' /dev/full /dev/kmsg)
  umask 077
  run_inside 'stat -c "%n %F %t:%T %a %u:%g" /dev/mine /dev/sub/dir/block /lib/zero /lib/left /dev/pipe /dev/full /dev/kmsg
    echo x > /dev/mine; head -c3 /lib/zero | wc -c; chown 7:8 /dev/full; chmod 4777 /dev/full; stat -c "%a %u:%g" /dev/full
    grep -o " /dev/mine .*mode=711" /proc/self/mountinfo; grep -c " devices " /proc/self/mountinfo; pwd'
  umask 022
  assert_output '/dev/mine character special file 1:3 640 1000:2000
/dev/sub/dir/block block special file 7:c8 600 0:6
/lib/zero character special file 1:5 666 3:0
/lib/left character special file 1:5 666 3:0
/dev/pipe fifo 0:0 751 5:0
/dev/full character special file 1:7 600 0:0
/dev/kmsg character special file 1:b 400 0:0
3
4777 7:8
 /dev/mine rw,nosuid,noexec,relatime - tmpfs devices rw,mode=711
6
/'
  assert_equal "$(stat -c '%n %t:%T %a %u:%g' /dev/full /dev/kmsg)" "$before"
}

@test "in a user namespace default devices are binds of the host's" {
  bundle userdev
  user_namespace
  config '.linux.devices = [{ path: "/dev/pipe", type: "p" }]'
  run_inside 'cd /dev; for d in null zero full random urandom tty; do stat -c "%n %t:%T" $d; grep -c " /dev/$d " /proc/self/mountinfo; done; stat -c "%n %F" pipe; echo x > null; head -c2 zero | wc -c; readlink ptmx'
  assert_success
  assert_line 'null 1:3'
  assert_line 'full 1:7'
  assert_line 'pipe fifo'
  refute_line 0
  assert_line 2
  config '.linux.devices += [{ path: "/dev/ptmx", type: "c", major: 5, minor: 2 }]' # the host's would lead to the host's terminals
  run_inside 'exec 3<> /dev/ptmx && ls /dev/pts'
  assert_output $'0\nptmx'
}

@test "a /dev that is bound is left as it is" {
  bundle bounddev
  mkdir "$BATS_TEST_TMPDIR/dev"
  mknod -m 666 "$BATS_TEST_TMPDIR/dev/null" c 1 3
  config '.mounts |= map(select(.destination | startswith("/dev") | not))'
  add_mount /dev none "$BATS_TEST_TMPDIR/dev" bind
  run_inside 'ls /dev'
  assert_output null
  assert_equal "$(ls "$BATS_TEST_TMPDIR/dev")" null
}

@test "read-only root: nothing of it can be written, mounts can" {
  bundle readonly
  config '.root.readonly = true'
  add_mount /data tmpfs tmpfs
  run_inside 'touch /file; touch /etc/passwd; touch /data/file /dev/shm/file && echo written; rm /bin/ls; touch /dev/file && echo dev'
  assert_equal "$(grep -c 'Read-only file system' <<< "$output")" 3
  assert_line written
  assert_line dev
  user_namespace
  run_config
  assert_equal "$(grep -c 'Read-only file system' <<< "$output")" 3
  # What was not there was made nevertheless, before.
  assert_equal "$(stat -c %F "$bundle/rootfs/data")" directory
}

@test "masked paths: files are empty, directories too, and nothing can be written" {
  bundle masked
  mkdir -p "$bundle/rootfs/secret/dir"
  echo secret | tee "$bundle/rootfs/secret/file" > "$bundle/rootfs/plain"
  ln -s /plain "$bundle/rootfs/link"
  mkfifo "$bundle/rootfs/fifo"
  config '.linux.maskedPaths = ["/secret", "/plain", "/missing", "/plain/not/a/dir", "/fifo", "/proc/keys", "/proc/kcore", "/sys/firmware"]'
  run_inside 'cat /plain /link /fifo /proc/keys; ls -A /secret /sys/firmware; touch /secret/x; echo x > /plain; stat -c %a /secret; stat -c %t:%T /plain'
  refute_contains $'\nsecret'
  assert_contains 'Read-only file system'
  assert_line 1:3
  assert_line 555
  assert_equal "$(< "$bundle/rootfs/plain")" secret
  config '.linux.maskedPaths = ["plain"]'
  refused /linux/maskedPaths/0
}

@test "masked paths: a link of the image hides what it leads to" {
  bundle masklink
  echo secret > "$bundle/rootfs/plain"
  ln -s plain "$bundle/rootfs/link"
  config '.linux.maskedPaths = ["/link"]'
  run_inside 'cat /link; cat /plain'
  assert_success
  refute_contains secret
}

@test "read-only paths: with all below, and nothing else" {
  bundle ropaths
  mkdir -p "$bundle/rootfs/ro/sub" "$bundle/rootfs/rw"
  add_mount /ro/sub tmpfs tmpfs
  config '.linux.readonlyPaths = ["/ro", "/missing", "/proc/sys", "/etc/passwd"]'
  run_inside 'touch /ro/x; touch /ro/sub/x; echo 1 > /proc/sys/kernel/shm_rmid_forced; touch /etc/passwd; touch /rw/x && echo rw; touch /etc/x && echo etc'
  assert_equal "$(grep -c 'Read-only file system' <<< "$output")" 4
  assert_line rw
  assert_line etc
  config '.linux.readonlyPaths = ["ro"]'
  refused /linux/readonlyPaths/0
}

@test "the host's file system is out of sight" {
  bundle sight
  echo found > "$BATS_TEST_TMPDIR/host"
  run_inside 'ls /; cat "'"$BATS_TEST_TMPDIR"'/host" /../../host /proc/1/root/../host; cd /; cd ..; pwd -P; wc -l < /proc/self/mountinfo; grep -c " - ext4\| - overlay" /proc/self/mountinfo'
  refute_contains found
  assert_line /
}

@test "--no-pivot: the same without pivot_root" {
  bundle nopivot
  echo found > "$BATS_TEST_TMPDIR/host"
  script 'cat "'"$BATS_TEST_TMPDIR"'/host" /../../host; cd ..; pwd -P; stat -c "%t:%T" /dev/null; touch /new; head -n1 /proc/self/mountinfo | cut -d" " -f5'
  run berth run --no-pivot --bundle "$bundle" nopivot
  refute_contains found
  assert_line /
  assert_line 1:3
  assert_file "$bundle/rootfs/new"
  config '.root.readonly = true'
  run berth run --no-pivot --bundle "$bundle" nopivot
  assert_contains 'Read-only file system'
}

@test "the root itself: what is not there, and what is not a directory" {
  bundle root
  config '.root.path = "nowhere"'
  refused /root/path nowhere
  : > "$bundle/file"
  config '.root.path = "file"'
  refused /root/path file
  config 'del(.root)'
  refused /root
  ln -s rootfs "$bundle/linked"
  config '.root = { path: "linked" }'
  run_inside 'ls -d /bin'
  assert_output /bin
}

@test "no mount stays on the host, and nothing is made in the image but mount points" {
  bundle clean
  local before
  before=$(cd "$bundle/rootfs" && find . | sort)
  run_inside true
  assert_success
  assert_equal "$(cd "$bundle/rootfs" && find . | sort)" "$before"
}

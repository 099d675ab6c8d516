#!/usr/bin/env bats
# A normal user's containers: user_namespaces(7), newuidmap(1), subuid(5). Cgroups by delegation: vm/suites/cgroup-rootless.bats.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper
load ../lib/system

# User 1000 has a name and the ids 100000 to 165535; "other", 1001, has none. What the host has stays as it is: this is a mount namespace.
setup_file() {
  grep -v ':1000:\|:1001:' /etc/passwd > "$BATS_FILE_TMPDIR/passwd"
  printf 'sailor:x:1000:1000::/home:/bin/sh\nother:x:1001:1001::/home:/bin/sh\n' >> "$BATS_FILE_TMPDIR/passwd"
  echo sailor:100000:65536 > "$BATS_FILE_TMPDIR/subuid"
  mount --bind "$BATS_FILE_TMPDIR/passwd" /etc/passwd
  touch /etc/subuid /etc/subgid
  mount --bind "$BATS_FILE_TMPDIR/subuid" /etc/subuid
  mount --bind "$BATS_FILE_TMPDIR/subuid" /etc/subgid
  cp "$BERTH" "$BATS_FILE_TMPDIR/berth" # which may be where the user has no access
}
teardown_file() { umount /etc/passwd /etc/subuid /etc/subgid; }

setup() {
  common_setup
  user=1000 runtime_dir=$BATS_TEST_TMPDIR/run place=(env)
  mkdir -m 700 "$runtime_dir"
  chown 1000:1000 "$runtime_dir"
  chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/{test,file} "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR"
}

teardown() {
  local id
  for id in one system; do [[ ! -d $runtime_dir/berth/$id ]] || berth delete --force "$id"; done
  [[ ! ${own-} ]] || wait_until remove_own
  common_teardown
}

remove_own() { [[ ! -d $own ]] || find "$own" -depth -type d -exec rmdir {} +; }

# As the user; $place leads the way into a group.
as_user() { "${place[@]}" setpriv --reuid "$user" --regid "$user" --clear-groups -- env -i PATH="$PATH" XDG_RUNTIME_DIR="$runtime_dir" "$@" 3>&-; }
berth() { as_user "$BATS_FILE_TMPDIR/berth" "$@"; }

# What `spec --rootless` writes, for a script. Without a cgroup: one is asked for by those tests that have one to give.
rootless_bundle() {
  bundle one
  chown -R 1000:1000 "$bundle"
  rm "$bundle/config.json"
  berth spec --rootless --bundle "$bundle"
  config '.process.terminal = false | .process.env = ["PATH=/bin"] | .root.readonly = false'
}

# Id 0 is the user's own, 1 to 65536 are those of subuid(5).
with_ranges() {
  config '.linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }, { containerID: 1, hostID: 100000, size: 65536 }]
    | .linux.gidMappings = .linux.uidMappings'
}
capabilities() { config '.process.capabilities |= map_values(. + ($caps | split(" ")))' --arg caps "$*"; } # CAP...

@test "a life: create, start, state, list, exec, ps, kill, delete; the state is below XDG_RUNTIME_DIR" {
  rootless_bundle
  script 'trap "exit 3" TERM; echo up; while :; do sleep 1; done'
  start_new one
  wait_until grep -qx up "$BATS_TEST_TMPDIR/one.log"
  assert_equal "$(stat -c '%u %a' "$runtime_dir/berth/one")" '1000 700'
  assert_equal "$(stat -c %u "/proc/$(pid_of one)")" 1000
  assert_equal "$(berth list --quiet)" one
  run berth exec one sh -c 'id -u; id -g; cat /proc/1/comm'
  assert_output $'0\n0\nsh'
  run berth exec --user 5 one true
  assert_failure 255
  assert_contains '/process/user/uid: become user 5'
  run berth ps one
  assert_success
  assert_contains "$(pid_of one)"
  berth kill one TERM
  wait_until is one stopped
  berth delete one
  assert_equal "$(berth list --quiet)" ''
  assert_missing "$runtime_dir/berth/one"
}

@test "what one maps without help: the own ids alone, and groups that cannot be changed" {
  rootless_bundle
  script 'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; touch /tmp/file; stat -c "%u %g" /tmp/file /bin/busybox /proc/1'
  run_config
  assert_success
  assert_equal "$(xargs <<< "$output")" '0 1000 1 0 1000 1 deny 0 0 0 0 0 0'
  assert_equal "$(stat -c '%u %g' "$bundle/rootfs/tmp/file")" '1000 1000'
  config '.linux.uidMappings[0].containerID = 7 | .linux.gidMappings[0].containerID = 8 | .process.user = { uid: 7, gid: 8 }'
  run_inside 'id -u; id -g'
  assert_output $'7\n8'
  config '.process.user.additionalGids = [8]'
  refused /process/user/additionalGids
}

@test "newuidmap and newgidmap map what subuid(5) grants" {
  rootless_bundle
  with_ranges
  capabilities CAP_CHOWN CAP_SETUID CAP_SETGID CAP_DAC_OVERRIDE
  script 'touch /tmp/mine /tmp/theirs; chown 1000:2000 /tmp/theirs; stat -c "%u %g" /tmp/theirs; cat /proc/self/setgroups; exec sleep 1000'
  chmod 777 "$bundle/rootfs/tmp"
  start_new one
  wait_until grep -q allow "$BATS_TEST_TMPDIR/one.log"
  assert_equal "$(< "$BATS_TEST_TMPDIR/one.log")" $'1000 2000\nallow'
  assert_equal "$(stat -c '%u %g' "$bundle/rootfs/tmp/mine" "$bundle/rootfs/tmp/theirs")" $'1000 1000\n100999 101999'
  run berth exec --user 1000:2000 --additional-gids 7 one sh -c 'id; echo > /tmp/made'
  assert_contains 'uid=1000(user) gid=2000(extra) groups=7'
  assert_equal "$(stat -c '%u %g' "$bundle/rootfs/tmp/made")" '100999 101999'
  # The user's own process, though another id of the host's.
  berth exec --user 1000 --detach one sleep 1000
  berth kill --all one KILL
  wait_until is one stopped
  berth delete one
}

@test "what subuid(5) does not grant is an error that names the file" {
  rootless_bundle
  with_ranges
  config '.linux.uidMappings[1].hostID = 300000'
  refused /linux/uidMappings newuidmap /etc/subuid
  with_ranges
  config '.linux.gidMappings[1].size = 65537'
  refused /linux/gidMappings newgidmap /etc/subgid
  config '.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }]'
  refused /linux/uidMappings newuidmap
  assert_missing "$runtime_dir/berth/one"
}

@test "without the programs that map ranges, the message tells the package" {
  rootless_bundle
  with_ranges
  : > "$BATS_TEST_TMPDIR/nothing"
  local name
  for name in newuidmap newgidmap; do mount --bind "$BATS_TEST_TMPDIR/nothing" /usr/bin/$name; done
  run_config
  for name in newuidmap newgidmap; do umount /usr/bin/$name; done
  assert_error /linux/uidMappings 'the program newuidmap' 'package uidmap'
}

@test "without XDG_RUNTIME_DIR, the state is where systemd would have it, or the message tells where it cannot be" {
  rootless_bundle
  script 'exec sleep 1000'
  mount -t tmpfs -o mode=755 run /run
  without() { setpriv --reuid 1000 --regid 1000 --clear-groups -- env -u XDG_RUNTIME_DIR "$BATS_FILE_TMPDIR/berth" "$@" < /dev/null > "$BATS_TEST_TMPDIR/output" 2>&1 3>&-; }
  local failed='' made=''
  without create --bundle "$bundle" one || failed=$(< "$BATS_TEST_TMPDIR/output")
  mkdir -p /run/user/1000
  chown 1000 /run/user/1000
  without create --bundle "$bundle" one && made=$(stat -c %u /run/user/1000/berth/one) && without delete --force one
  umount /run
  assert_equal "$failed" 'berth create: create /run/user: Permission denied'
  assert_equal "$made" 1000
}

@test "namespaces that are the host's: its sysfs, queues and processes take the place of those that one may not mount" {
  rootless_bundle
  config '.linux.namespaces |= map(select(.type != "network"))'
  run_inside 'readlink /proc/self/ns/net; ls /sys/class | head -n 1; mkdir /sys/x || echo ro; grep " /sys " /proc/self/mountinfo | cut -d" " -f6'
  assert_success
  assert_line "$(readlink /proc/self/ns/net)"
  assert_line ro
  assert_line ro,nosuid,nodev,noexec,relatime
  config '.linux.namespaces |= map(select(.type != "ipc"))'
  local made=''
  [[ -d /dev/mqueue ]] || made=$(mkdir -v /dev/mqueue)
  mount -t mqueue mqueue /dev/mqueue
  run_inside 'readlink /proc/self/ns/ipc; touch /dev/mqueue/of-berth-test; ls /dev/mqueue'
  rm -f /dev/mqueue/of-berth-test
  umount /dev/mqueue
  [[ ! $made ]] || rmdir /dev/mqueue
  assert_output "$(readlink /proc/self/ns/ipc)"$'\nof-berth-test'
  # The machine itself may have none.
  config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.type != "mqueue"))'
  run_inside 'cat /proc/self/comm; readlink /proc/self/ns/pid; test -d /proc/'$$
  assert_output $'cat\n'"$(readlink /proc/self/ns/pid)"
  config '(.mounts[] | select(.destination == "/sys")) = { destination: "/sys", type: "bind", source: "/sys", options: ["rbind", "rro", "nosuid", "noexec", "nodev"] }'
  run_inside 'ls /sys/class > /dev/null && echo there'
  assert_output there
}

@test "devices: the host's are bound; one that the host has not cannot be had" {
  rootless_bundle
  run_inside 'cd /dev; for d in null zero full random urandom tty; do stat -c "%n %t:%T %a" $d; done; echo x > null; head -c3 zero | wc -c; echo x > full'
  local name
  for name in 'null 1:3' 'zero 1:5' 'full 1:7' 'random 1:8' 'urandom 1:9' 'tty 5:0'; do assert_line "$name 666"; done
  assert_line 3
  assert_contains 'No space left on device'
  mkdir -p "$bundle/rootfs/lib"
  config '.linux.devices = [{ path: "/dev/zero2", type: "c", major: 1, minor: 5, fileMode: 438 }]'
  refused /linux/devices/0 /dev/zero2 'the host has no such device'
  config '.linux.devices[0].path = "/dev/zero" | .linux.devices += [{ path: "/dev/pipe", type: "p", fileMode: 384 }]'
  run_inside 'stat -c "%F %a" /dev/zero /dev/pipe'
  assert_output $'character special file 666\nfifo 600'
}

@test "a terminal, also without group 5" {
  rootless_bundle
  config '.process.terminal = true | (.mounts[] | select(.destination == "/dev/pts")).options += ["gid=5"]'
  script 'tty; stat -c %u $(tty); test -t 0 && echo terminal'
  # The terminal's owner lets in whom it wants.
  run python3 "$top/tests/lib/on_terminal.py" 24x80 -- setpriv --reuid 1000 --regid 1000 --clear-groups \
    env XDG_RUNTIME_DIR="$runtime_dir" "$BATS_FILE_TMPDIR/berth" run --bundle "$bundle" one
  assert_contains /dev/pts/0
  assert_contains terminal
  assert_contains 'gid is not mapped'
}

@test "the root may be of any of the user's ids, and behind directories that are the user's alone" {
  rootless_bundle
  with_ranges
  capabilities CAP_DAC_OVERRIDE
  chmod 700 "$bundle"
  chown -R 101000:101000 "$bundle/rootfs"
  run_inside 'stat -c %u /bin/busybox; touch /tmp/new && stat -c %u /tmp/new'
  assert_output $'1001\n0'
}

# A group that root has given to the user, who starts berth in its leaf.
own_group() {
  own=/sys/fs/cgroup/berth-test-own
  mkdir -p "$own/runner"
  chown 1000 "$own" "$own"/cgroup.{procs,subtree_control,threads} "$own"/runner{,/cgroup.procs}
  place=(in_group "$own/runner")
}
in_group() { (echo "$BASHPID" > "$1/cgroup.procs" && "${@:2}"); }

@test "pause, exec, resume, and kill of all, in a group that is the user's" {
  own_group
  rootless_bundle
  script 'exec sleep 1000'
  start_new one
  assert_equal "$(cgroup_of one)" "$own/one"
  berth pause one
  assert_equal "$(status_of one)" paused
  grep -qx 'frozen 1' "$own/one/cgroup.events"
  berth resume one
  run berth exec one cat /proc/self/cgroup
  assert_contains 0::/
  assert_equal "$(status_of one)" running
  berth exec --detach one sleep 1000
  berth kill --all one KILL
  wait_until is one stopped
  berth delete one
  assert_missing "$own/one"
}

# bats test_tags=host-only
@test "a Debian with its own systemd, in a group that is the user's" {
  own_group
  local root=$BATS_TEST_TMPDIR/home/debian
  mkdir -m 755 "$BATS_TEST_TMPDIR/home"
  chown 1000:1000 "$BATS_TEST_TMPDIR/home"
  # As the guide says: with the ids that the user has.
  as_user unshare --map-auto --map-root-user sh -c 'mkdir "$0" && tar -x -C "$0" --exclude="./dev/*" && rm "$0/etc/hostname"' "$root" < "$("$top/tests/lib/debian-root")"
  system_bundle "$root"
  with_ranges
  config 'del(.linux.cgroupsPath) | .mounts |= map(select(.destination != "/"))'
  chown -R 1000:1000 "$bundle"
  boot sh -c 'echo $$ > "$0" && exec "$@"' "$own/runner/cgroup.procs" \
    setpriv --reuid 1000 --regid 1000 --clear-groups env XDG_RUNTIME_DIR="$runtime_dir" "$BATS_FILE_TMPDIR/berth"
  wait_up
  assert_equal "$(stat -c %u "$own/system/system.slice" "$root/var/lib/dbus")" $'1000\n1000'
  run berth exec system sh -c 'systemctl is-active multi-user.target; stat -c %U /run/dbus/system_bus_socket; systemd-run --quiet --wait --pipe --uid=messagebus id -un; systemctl list-units --failed --no-legend'
  assert_output $'active\nroot\nmessagebus'
  # Users of the image are the user's own ids outside.
  local bus
  bus=$(awk -F: '$1 == "messagebus" { print $3 }' "$root/etc/passwd")
  assert_equal "$(berth ps system | awk '/dbus-daemon/ { print $1 }')" $((100000 + bus - 1))
  halt
  assert_equal "$halted" 130
}

@test "without a group, what needs one says so, and what does not works" {
  rootless_bundle
  config 'del(.linux.seccomp)'
  script 'exec sleep 1000'
  start_new one
  run berth pause one
  assert_error cgroup
  run berth update --pids-limit 5 one
  assert_error cgroup
  run berth events --stats one
  assert_error cgroup
  # Its pid namespace tells who is in it, and in those below.
  berth exec one true
  berth exec --detach one sleep 1234
  berth exec --cap CAP_SYS_ADMIN --detach one unshare --pid --fork sleep 1235
  wait_until eval '(($(berth ps --format json one | jq length) == 4))'
  run berth ps one
  assert_contains 'sleep 1234'
  berth kill --all one TERM
  wait_until eval '! berth ps one | grep -q "sleep 1234"'
  assert_equal "$(status_of one)" running # the first process of a pid namespace has to ask for such a signal
  berth kill --all one KILL
  wait_until is one stopped
  assert_equal "$(berth ps --format json one)" '[]'
  berth delete one
}

@test "--rootless: true does without a group that may not be made, false does not, auto is true for a user" {
  rootless_bundle
  local mode
  script 'echo made'
  for mode in '' '--rootless auto' '--rootless=true'; do
    # shellcheck disable=SC2086 # no word, one or two
    run berth $mode run --bundle "$bundle" one
    assert_output made
  done
  run berth --rootless false run --bundle "$bundle" one
  assert_error 'create cgroup /'
  # Asked for, it must be.
  config '.linux.cgroupsPath = "/berth-test-of-root"'
  refused 'create cgroup /berth-test-of-root'
}

@test "--rootless: for root, who may make no group either where they are read-only" {
  bundle one
  config 'del(.linux.cgroupsPath, .linux.resources)'
  script 'echo made'
  readonly_groups() { unshare --mount sh -c 'mount -o remount,bind,ro /sys/fs/cgroup && exec "$@"' - "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&-; }
  run readonly_groups run --bundle "$bundle" one
  assert_error 'create cgroup'
  run readonly_groups --rootless true run --bundle "$bundle" one
  assert_output made
}

@test "a service of the user's systemd is told that it is ready" {
  rootless_bundle
  with_ranges
  # Not id 0: another one of the user's.
  config '.process.user = { uid: 5, gid: 5 }'
  cp "$(static_program notify "$top/tests/runtime/notify.c")" "$bundle/rootfs/bin/notify"
  script 'notify READY=1 && echo said'
  python3 "$top/tests/runtime/notify.py" "$runtime_dir/manager" "$runtime_dir/heard" 3>&- &
  local manager=$!
  wait_until test -S "$runtime_dir/manager"
  chown 1000:1000 "$runtime_dir/manager"
  run as_user env NOTIFY_SOCKET="$runtime_dir/manager" "$BATS_FILE_TMPDIR/berth" run --bundle "$bundle" one
  assert_output said
  wait_until grep -qx READY=1 "$runtime_dir/heard"
  kill $manager
}

@test "another user neither sees nor ends it" {
  rootless_bundle
  script 'exec sleep 1000'
  start_new one
  user=1001
  run berth --root "$runtime_dir/berth" kill one KILL
  assert_error 'Permission denied'
  user=1000
  assert_equal "$(status_of one)" running
}

@test "without a user namespace a user is told what is missing" {
  rootless_bundle
  config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
  refused 'needs a user namespace'
}

# In its user namespace the user sets the limit; strace holds the runtime up before it writes the maps.
# bats test_tags=host-only
@test "the limit of network namespaces is named, also where the process has long failed when its maps are written" {
  rootless_bundle
  config '.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }] | .linux.gidMappings = .linux.uidMappings'
  run as_user unshare -Ur sh -euc 'echo 0 > /proc/sys/user/max_net_namespaces
    exec strace -f -qq -o /dev/null -e signal=none -e trace=clone3 -e inject=clone3:delay_exit=500000 "$@"' sh \
    "$BATS_FILE_TMPDIR/berth" run --bundle "$bundle" one
  assert_error max_net_namespaces
  assert_missing "$runtime_dir/berth/one"
}

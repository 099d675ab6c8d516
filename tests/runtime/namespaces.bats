#!/usr/bin/env bats
# Namespaces: config-linux.md "Namespaces", "User namespace mappings", "Offset for
# Time Namespace", "Network Devices", "Sysctl"; config.md "Hostname", "Domainname".
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

proc_name() { case $1 in network) echo net ;; mount) echo mnt ;; *) echo "$1" ;; esac; }
own_ns() { readlink "/proc/self/ns/$(proc_name "$1")"; }

# A process in namespaces of its own, but for the user namespace: $holder
hold() {
  unshare --mount --uts --ipc --net --pid --cgroup --time --fork --kill-child sleep 1000 3>&- &
  local parent=$!
  wait_until eval 'holder=$(< /proc/'$parent'/task/'$parent'/children) && [[ $holder && $(< /proc/${holder% }/comm) = sleep ]]'
  holder=${holder% } holding=$parent
}
# shellcheck disable=SC2317 # called when a test has failed, too
release() {
  [[ ${holding-} ]] || return 0
  kill -9 "$holding"
  wait "$holding" 2> /dev/null || :
}
teardown() {
  release
  ip link del berth0 2> /dev/null || :
  common_teardown
}

user_namespace() { # maps of 65536 ids from 100000
  config '.linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
}

@test "new ones are new, and what is not named is inherited" {
  bundle new
  config '.linux.namespaces = (["pid", "network", "mount", "ipc", "uts", "cgroup", "time"] | map({ type: . }))'
  run_inside 'for t in pid net mnt ipc uts user cgroup time; do readlink /proc/self/ns/$t; done'
  assert_success
  local type
  for type in pid network mount ipc uts cgroup time; do refute_line "$(own_ns $type)"; done
  assert_line "$(own_ns user)"
  config '.linux.namespaces = [{ type: "mount" }] | del(.hostname) | .linux.cgroupsPath = "/berth-test-new"'
  run_inside 'for t in pid net mnt ipc uts user cgroup time; do readlink /proc/self/ns/$t; done'
  assert_success
  for type in pid network ipc uts user cgroup time; do assert_line "$(own_ns $type)"; done
  refute_line "$(own_ns mount)"
}

@test "every mixture of new, inherited and joined ones" {
  bundle holder
  user_namespace
  config '.linux.namespaces += [{ type: "time" }]'
  script 'sleep 1000'
  start_new holder
  local user_holder count=80
  if [[ ${BERTH_VM_KERNEL-} ]]; then count=15; fi # each is forty times as slow there
  user_holder=$(pid_of holder)
  hold
  bundle mix
  run python3 "$top/tests/runtime/mixtures.py" "$BERTH" "$BATS_TEST_TMPDIR/state" "$bundle" "$holder" "$user_holder" $count
  rm -f "$BATS_TEST_TMPDIR"/state.{err,pid}
  assert_success
}

@test "a bind-mounted namespace file is as good as one of /proc" {
  bundle bind
  hold
  : > "$BATS_TEST_TMPDIR/uts"
  mount --bind "/proc/$holder/ns/uts" "$BATS_TEST_TMPDIR/uts"
  config '(.linux.namespaces[] | select(.type == "uts")).path = $p' --arg p "$BATS_TEST_TMPDIR/uts"
  run_inside 'readlink /proc/self/ns/uts; uname -n'
  umount "$BATS_TEST_TMPDIR/uts"
  assert_output "$(readlink "/proc/$holder/ns/uts")"$'\nberth'
}

@test "a path to a namespace of another type, or to none, is an error that names it, at once" {
  bundle wrong
  local type other
  for type in pid network mount ipc uts user cgroup time; do
    other=$([[ $type = uts ]] && echo ipc || echo uts)
    config '.linux.namespaces |= map(select(.type != $t)) + [{ type: $t, path: "/proc/self/ns/\($o)" }] | del(.hostname)
      | del(.mounts[] | select(.destination == "/dev/mqueue"))' --arg t $type --arg o "$other"
    if [[ $type = mount ]]; then config '.linux.maskedPaths = [] | .linux.readonlyPaths = []'; fi
    refused "$type" "/proc/self/ns/$other" "$other"
    config '.linux.namespaces |= map(select(.type != $t)) | if $t != "user" and $t != "time" then .linux.namespaces += [{ type: $t }] else . end' --arg t $type
  done
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  : > "$BATS_TEST_TMPDIR/file"
  local path
  for path in "$BATS_TEST_TMPDIR"/{fifo,file,missing} /proc/self/ns /dev/zero /proc/self/status; do
    config '.linux.namespaces |= map(select(.type != "network")) + [{ type: "network", path: $p }]' --arg p "$path"
    run timeout 60 "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" wrong 3>&-
    assert_error network "$path"
  done
  config '.linux.namespaces |= map(select(.type != "network")) + [{ type: "network", path: "ns/net" }]'
  refused /linux/namespaces ns/net absolute
}

@test "twice the same type, and unknown types, are errors" {
  bundle twice
  config '.linux.namespaces += [{ type: "uts" }]'
  refused /linux/namespaces uts
  config '.linux.namespaces[-1] = { type: "bogus" }'
  refused /linux/namespaces bogus
}

@test "the caller's own namespace by path counts as inherited" {
  bundle own
  config '.linux.namespaces |= map(if .type != "mount" then .path = "/proc/self/ns/\({ network: "net" }[.type] // .type)" else . end)
    + [{ type: "user", path: "/proc/self/ns/user" }, { type: "time", path: "/proc/self/ns/time" }] | del(.hostname)'
  run_inside 'for t in pid net ipc uts user cgroup time; do readlink /proc/self/ns/$t; done'
  assert_success
  local type
  for type in pid network ipc uts user cgroup time; do assert_line "$(own_ns $type)"; done
  config '.hostname = "gotcha"'
  refused /hostname uts
  config 'del(.hostname) | .linux.sysctl = { "net.ipv4.ip_forward": "1" }'
  refused /linux/sysctl/net.ipv4.ip_forward network
}

@test "what acts on a whole namespace needs one of the container's own" {
  bundle needs
  config '.linux.namespaces |= map(select(.type != "uts"))'
  refused /hostname uts
  config 'del(.hostname) | .domainname = "d"'
  refused /domainname uts
  config 'del(.domainname) | .linux.uidMappings = [{ containerID: 0, hostID: 1, size: 1 }]'
  refused /linux/uidMappings user
  config 'del(.linux.uidMappings) | .linux.timeOffsets = { monotonic: { secs: 1 } }'
  refused /linux/timeOffsets time
  config 'del(.linux.timeOffsets) | .linux.namespaces |= map(select(.type != "mount"))'
  refused mount
}

@test "hostname and domainname" {
  bundle names
  local longest
  longest=$(printf 'x%.0s' {1..64})
  config '.hostname = $h | .domainname = "example.test"' --arg h "$longest"
  run_inside 'uname -n; cat /proc/sys/kernel/domainname'
  assert_output "$longest"$'\nexample.test'
  assert_equal "$(uname -n)" "$HOSTNAME"
  config '.hostname += "x"'
  refused /hostname
  config '.hostname = "" | .domainname = ""'
  run_config
  assert_success
}

@test "user namespace: the maps, and who owns what on both sides" {
  bundle maps
  config '.linux.namespaces += [{ type: "user" }] | .process.user = { uid: 1000, gid: 1000, additionalGids: [7] }
    | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 500 }, { containerID: 1000, hostID: 200000, size: 10 }]
    | .linux.gidMappings = [{ containerID: 0, hostID: 300000, size: 2000 }]'
  chmod 777 "$bundle/rootfs/home"
  run_inside 'awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map /proc/self/gid_map; id -u; id -g; : > /home/file; grep Groups /proc/self/status; cat /proc/self/setgroups'
  assert_success
  assert_line '0 100000 500'
  assert_line '1000 200000 10'
  assert_line '0 300000 2000'
  assert_line $'Groups:\t7 '
  assert_line allow
  assert_equal "$(stat -c '%u %g' "$bundle/rootfs/home/file")" '200000 301000'
  config '.process.user = { uid: 700, gid: 0 }' # not mapped
  refused /process/user/uid 700
  config '.process.user = { uid: 0, gid: 2500 }'
  refused /process/user/gid 2500
  config '.process.user = { uid: 0, gid: 0, additionalGids: [2500] }'
  refused /process/user/additionalGids
}

@test "user namespace: maps that cannot be are errors" {
  bundle badmaps
  config '.linux.namespaces += [{ type: "user" }]'
  refused /linux/uidMappings
  config '.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 10 }]'
  refused /linux/gidMappings
  config '.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 10 }, { containerID: 5, hostID: 200000, size: 10 }]'
  refused /linux/gidMappings # overlap
  config '.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 0 }]'
  refused /linux/gidMappings/0/size
  config '.linux.gidMappings = [{ containerID: 0, size: 10 }]'
  refused /linux/gidMappings/0 hostID
}

@test "user namespace: the root file system is reached through directories that are the host's alone" {
  bundle private
  user_namespace
  chmod 700 "$BATS_TEST_TMPDIR" "$bundle"
  run_inside 'id -u; ls /bin/busybox'
  assert_output $'0\n/bin/busybox'
  config '.root.path = $p' --arg p "$bundle/rootfs"
  run_config
  assert_output $'0\n/bin/busybox'
}

# Who builds it stays outside of that namespace, where the kernel allows it, and is followed by the container's process.
@test "pid: in one that is joined there is one process of the container, which is its process in every way" {
  local shared=$BATS_TEST_TMPDIR/shared path
  mkdir "$shared"
  bundle first
  script 'sleep 1000'
  start_new first
  path=/proc/$(pid_of first)/ns/pid
  bundle one
  config '(.linux.namespaces[] | select(.type == "pid")).path = $path |
    .hooks.createContainer = [{ path: "/bin/sh", args: ["sh", "-c", "readlink /proc/self/ns/pid > \($shared)/create; cat > \($shared)/state"] }] |
    .hooks.startContainer = [{ path: "/bin/sh", args: ["sh", "-c", "grep -o pid.:[0-9]* > /hook"] }]' --arg path "$path" --arg shared "$shared"
  script 'cat /hook; echo pid\":$$; cat /proc/1/comm; set -- /proc/[0-9]*; echo $#; exit 7'
  run berth run --bundle "$bundle" one
  assert_equal "$status" 7
  assert_equal "${lines[0]}" "${lines[1]}"
  assert_equal "${lines[*]:2}" 'sleep 2'
  assert_equal "$(< "$shared/create")" "$(readlink "$path")"
  # Nobody in there has the number of who builds it outside.
  [[ $(jq .pid "$shared/state") =~ ^(null|[1-9])$ ]] || fail "$(< "$shared/state")"

  script 'exec sleep 1000'
  local pid before
  before=$(wc -l < "$(cgroup_of first)/cgroup.procs")
  create one --pid-file "$BATS_TEST_TMPDIR/pid"
  pid=$(pid_of one)
  assert_equal "$(< "$BATS_TEST_TMPDIR/pid")" "$pid"
  assert_equal "$(status_of one)" created
  assert_equal "$(readlink "/proc/$pid/ns/pid")" "$(readlink "$path")"
  assert_equal "$(< "$(cgroup_of one)/cgroup.procs")" "$pid"
  read -r _ _ _ _ group session _ < "/proc/$pid/stat"
  assert_equal "$group $session" "$pid $pid"
  berth start one
  wait_until grep -qx sleep "/proc/$pid/comm"
  assert_equal "$(status_of one)" running
  run berth exec one cat /proc/self/comm
  assert_output cat
  berth kill one KILL
  wait_until test "$(status_of one)" = stopped
  berth delete one
  assert_equal "$(wc -l < "$(cgroup_of first)/cgroup.procs")" "$before"

  # Its terminal is the controlling one.
  config '.process.terminal = true | del(.hooks)'
  script 'echo $(tty) $(ps -o tty,pid | awk "\$2 == $$ { print \$1 }"); echo to-tty > /dev/tty'
  run python3 "$top/tests/lib/on_terminal.py" 24x80 -- "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one 3>&-
  assert_success
  assert_contains '/dev/pts/0 136,0'
  assert_contains to-tty

  # What a procfs has of its process only is masked as well.
  config '.process.terminal = false | .linux.maskedPaths = ["/proc/self/mountinfo"]'
  args wc -c /proc/self/mountinfo
  run_config
  assert_output '0 /proc/self/mountinfo'

  # What it fails of is told, and nothing is left of it.
  config '.process.terminal = false'
  args /missing
  run_config
  assert_error /missing
  assert_status one none
}

@test "network: loopback is up in a new one, and what is joined is left alone" {
  bundle lo
  run_inside 'ip addr show lo; ping -c1 -W60 127.0.0.1 > /dev/null && echo pong'
  assert_contains '127.0.0.1/8'
  assert_contains ',UP'
  assert_line pong
  # None of ours is in there.
  run_inside 'ip -o link | grep -c ether'
  assert_output 0
  hold
  config '(.linux.namespaces[] | select(.type == "network")).path = $p' --arg p "/proc/$holder/ns/net"
  run_inside 'ip addr show lo'
  assert_success
  refute_contains ',UP'
}

@test "network devices move in, with their addresses, and are up" {
  ip link add berth0 type dummy 2> /dev/null || ip link add berth0 type veth peer name berth1 2> /dev/null || skip "no network devices to make here"
  ip addr add 192.0.2.7/24 dev berth0
  bundle netdev
  config '.linux.netDevices = { berth0: { name: "eth7" } }'
  run_inside 'ip addr show eth7'
  ip link del berth1 2> /dev/null || :
  assert_success
  assert_contains 192.0.2.7/24
  assert_contains UP
  config '.linux.netDevices = { missing0: {} }'
  refused /linux/netDevices missing0
}

@test "network devices come back when the container cannot be made after all" {
  ip link add berth0 type veth peer name berth1
  ip addr add 192.0.2.8/24 dev berth0
  bundle netdev
  config '.linux.netDevices = { berth0: { name: "eth7" } } | .hooks.createContainer = [{ path: "/bin/false" }]'
  refused createContainer
  run ip addr show berth0
  ip link del berth0
  assert_success
  assert_contains 192.0.2.8/24
}

@test "sysctl: those of the container's own namespaces" {
  bundle sysctl
  local before
  before=$(cat /proc/sys/{net/ipv4/ip_forward,kernel/msgmax,fs/mqueue/msg_max,kernel/shm_rmid_forced} /proc/sys/net/ipv4/conf/lo/forwarding)
  config '.linux.sysctl = { "net.ipv4.ip_forward": "1", "kernel.msgmax": "4096", "fs.mqueue.msg_max": "11",
    "kernel.shm_rmid_forced": "1", "net/ipv4/conf/lo/forwarding": "1", "net.ipv4.ping_group_range": "5 99",
    "kernel.domainname": "from.sysctl" }'
  run_inside 'cd /proc/sys; cat net/ipv4/ip_forward kernel/msgmax fs/mqueue/msg_max kernel/shm_rmid_forced net/ipv4/conf/lo/forwarding kernel/domainname
    echo $(cat net/ipv4/ping_group_range)'
  assert_output $'1\n4096\n11\n1\n1\nfrom.sysctl\n5 99'
  assert_equal "$(cat /proc/sys/{net/ipv4/ip_forward,kernel/msgmax,fs/mqueue/msg_max,kernel/shm_rmid_forced} /proc/sys/net/ipv4/conf/lo/forwarding)" "$before"
}

@test "sysctl: in a user namespace too" {
  bundle usersysctl
  user_namespace
  config '.linux.sysctl = { "net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1", "kernel.sem": "99 200 30 40", "fs.mqueue.msg_max": "11",
    "kernel.domainname": "d", "net.ipv4.ip_unprivileged_port_start": "0" }'
  run_inside 'cd /proc/sys; cat net/ipv4/ip_forward kernel/domainname net/ipv4/ip_unprivileged_port_start kernel/shm_rmid_forced fs/mqueue/msg_max
    echo $(cat kernel/sem)'
  assert_output $'1\nd\n0\n1\n11\n99 200 30 40'
  # By way of a stage.
  config '.linux.namespaces += [{ type: "time" }] | .linux.timeOffsets = { monotonic: { secs: 5 } }'
  run_config
  assert_output $'1\nd\n0\n1\n11\n99 200 30 40'
}

# As before Linux 6.9: in the container the second fails; who does it in its place begins with that. Root is the host's here, whom newer
# kernels let do it from outside too.
@test "sysctl: in a user namespace, where only root of the host may" {
  bundle oldsysctl
  config '.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 0, size: 65536 }]
    | .linux.gidMappings = .linux.uidMappings
    | .linux.sysctl = { "net.ipv4.ip_forward": "1", "kernel.msgmax": "4098", "net.ipv4.ip_unprivileged_port_start": "0" }'
  script 'cd /proc/sys; cat net/ipv4/ip_forward kernel/msgmax net/ipv4/ip_unprivileged_port_start'
  local before trace=$BATS_TEST_TMPDIR/trace
  before=$(< /proc/sys/kernel/msgmax)
  denied() {
    rm -f "$trace".*
    run strace -ff -qq -o "$trace" -e signal=none -P sys/net/ipv4/ip_forward -P sys/kernel/msgmax -e trace=openat2 \
      -e inject=openat2:error=EACCES:when=2 "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" oldsysctl < /dev/null 3>&-
    assert_output $'1\n4098\n0'
    assert_equal "$(cat "$trace".* | grep -c msgmax)" 2
    assert_equal "$(cat "$trace".* | grep -c 'msgmax.*INJECTED')" 1
  }
  denied
  # By way of a stage.
  config '.linux.namespaces += [{ type: "time" }] | .linux.timeOffsets = { monotonic: { secs: 5 } }'
  denied
  assert_equal "$(< /proc/sys/kernel/msgmax)" "$before"
}

# There only root of the host may, whatever the kernel.
@test "sysctl: of a joined IPC namespace that the user namespace does not own" {
  bundle foreignipc
  user_namespace
  hold
  local before
  before=$(cat /proc/sys/{kernel/msgmax,fs/mqueue/msg_max,kernel/shm_rmid_forced})
  config '(.linux.namespaces[] | select(.type == "ipc")).path = $p | .mounts |= map(select(.type != "mqueue"))
    | .linux.sysctl = { "kernel.msgmax": "4097", "net.ipv4.ip_forward": "1", "fs.mqueue.msg_max": "12", "kernel.shm_rmid_forced": "1" }' --arg p "/proc/$holder/ns/ipc"
  run_inside 'cd /proc/sys; cat net/ipv4/ip_forward kernel/msgmax fs/mqueue/msg_max kernel/shm_rmid_forced'
  assert_output $'1\n4097\n12\n1'
  assert_equal "$(cat /proc/sys/{kernel/msgmax,fs/mqueue/msg_max,kernel/shm_rmid_forced})" "$before"
  config '.linux.sysctl["fs.mqueue.msg_max"] = "many"'
  refused /linux/sysctl/fs.mqueue.msg_max many 'Invalid argument'
  refute_contains 6.9
}

@test "sysctl: what belongs to the host, or is not there, is refused" {
  bundle nosysctl
  local key
  for key in kernel.panic vm.swappiness kernel.hostname fs.file-max kernel.msgmax/../panic net/../vm/swappiness ../net net. .; do
    config '.linux.sysctl = { ($k): "1" }' --arg k "$key"
    refused "/linux/sysctl"
  done
  config '.linux.sysctl = { "net.berth.bogus": "1" }'
  refused /linux/sysctl/net.berth.bogus /proc/sys/net/berth/bogus
  config '.linux.sysctl = { "net.ipv4.ip_forward": "many" }'
  refused /linux/sysctl/net.ipv4.ip_forward many
  config '.linux.namespaces |= map(select(.type != "network")) | .linux.sysctl = { "net.ipv4.ip_forward": "1" }'
  refused /linux/sysctl/net.ipv4.ip_forward network
}

seconds_of() { sed -nE "s/.*$1 ([0-9]+)\\..*/\\1/p" <<< "$2"; } # CLOCK TEXT

@test "time: the workload's clocks have the offsets" {
  bundle time
  install_probe
  config '.linux.namespaces += [{ type: "time" }] | .process.args = ["probe", "clocks"]
    | .linux.timeOffsets = { boottime: { secs: 100000, nanosecs: 500000000 }, monotonic: { secs: 200000 } }'
  local before after
  ahead() { # CLOCK SECONDS [MORE]: between what it was here before and is after
    local there
    there=$(seconds_of "$1" "$output")
    ((there >= $(seconds_of "$1" "$before") + $2 && there <= $(seconds_of "$1" "$after") + $2 + ${3-0})) || fail "$1: $there; here $before, then $after"
  }
  between() {
    before=$("$(probe_program)" clocks)
    run_config
    after=$("$(probe_program)" clocks)
    assert_success
  }
  between
  ahead boottime 100000 1 # half a second, too
  ahead monotonic 200000
  config '.linux.timeOffsets = { monotonic: { secs: -1, nanosecs: 0 } }'
  between
  ahead boottime 0
  ahead monotonic -1
}

@test "time: with a user namespace, and seen by exec" {
  bundle usertime
  install_probe
  user_namespace
  config '.linux.namespaces += [{ type: "time" }] | .linux.timeOffsets = { boottime: { secs: 5000000 }, monotonic: { secs: 5000000 } }'
  script 'probe clocks; sleep 1000'
  start_new usertime
  wait_until grep -q . "$BATS_TEST_TMPDIR/usertime.log"
  (($(seconds_of boottime "$(< "$BATS_TEST_TMPDIR/usertime.log")") >= 5000000))
  run berth exec usertime probe clocks
  (($(seconds_of boottime "$output") >= 5000000))
}

# bats test_tags=host-only
@test "time: init is further than the stage that has made it" {
  bundle slow
  config '.process.args = ["true"] | .linux.namespaces += [{ type: "time" }] | .linux.timeOffsets = { monotonic: { secs: 5 } }'
  run strace -f -qq -o /dev/null -e signal=none -e trace=sendmsg -e inject=sendmsg:delay_enter=500ms:when=1 \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" slow < /dev/null 3>&-
  assert_success
}

# As with clone3 before Linux 6.3, which knows of no time namespaces. The stage's own calls are not traced.
@test "time: a new one where clone3 makes none" {
  bundle noclone3
  script 'cd /proc/self/ns; for t in time time_for_children user; do readlink $t; done'
  config '.linux.namespaces += [{ type: "time" }]'
  refuse_first() {
    run strace -qq -o "$BATS_TEST_TMPDIR/trace" -e signal=none -e trace=clone3 -e inject=clone3:error=EINVAL:when=1 \
      "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" noclone3 < /dev/null 3>&-
    assert_success
    grep -q 'NEWTIME.*INJECTED' "$BATS_TEST_TMPDIR/trace" || fail "$(< "$BATS_TEST_TMPDIR/trace")"
    assert_equal "${lines[0]}" "${lines[1]}"
    refute_line "$(own_ns time)"
  }
  refuse_first
  assert_line "$(own_ns user)"
  user_namespace
  refuse_first
  refute_line "$(own_ns user)"
}

@test "time: no offsets, empty offsets, wrong offsets" {
  bundle offsets
  config '.linux.namespaces += [{ type: "time" }] | .linux.timeOffsets = {}'
  run_inside 'readlink /proc/self/ns/time'
  assert_success
  [[ $output != "$(own_ns time)" ]]
  config 'del(.linux.timeOffsets)'
  run_config
  assert_success
  config '.linux.timeOffsets = { monotonic: {} }'
  run_config
  assert_success
  config '.linux.timeOffsets = { realtime: { secs: 1 } }'
  refused /linux/timeOffsets realtime
  config '.linux.timeOffsets = { monotonic: { secs: -1000000000 } }' # before the machine was booted
  refused /linux/timeOffsets
  config '.linux.timeOffsets = { monotonic: { nanosecs: 1000000000 } }'
  refused /linux/timeOffsets
}

@test "a user namespace: limits above those of the caller, as engines ask for" {
  (ulimit -l 64 && ulimit -Hl 90000) || skip "this machine's root may not raise limits"
  bundle raised
  config '.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
    | .linux.gidMappings = .linux.uidMappings | .process.rlimits = [{ type: "RLIMIT_MEMLOCK", soft: 81920, hard: 92160000 }]'
  script 'ulimit -l; ulimit -Hl; exec sleep 1000'
  ulimit -l 64
  start_new raised
  wait_until grep -q 90000 "$BATS_TEST_TMPDIR/raised.log"
  assert_equal "$(< "$BATS_TEST_TMPDIR/raised.log")" $'80\n90000'
  run berth exec raised sh -c 'ulimit -l; ulimit -Hl'
  assert_output $'80\n90000'
}

@test "run holds none of the container's namespaces while it waits" {
  bundle one
  script 'exec sleep 1000'
  berth_background run --bundle "$bundle" one
  wait_until is one running
  # Not at once: it says that it runs before it has closed all that it was made with.
  local waiting=$!
  wait_until eval '[[ $(ls -l /proc/'$waiting'/fd) != *net:* ]]'
  kill -0 $waiting
  berth delete --force one
}

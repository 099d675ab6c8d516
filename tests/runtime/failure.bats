#!/usr/bin/env bats
# What goes wrong: runtime.md "Errors".  A create that fails leaves nothing, and the
# message names what is wrong.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup() {
  common_setup
  bundle broken
  script 'sleep 1000'
  cp "$bundle/config.json" "$bundle/good.json"
}

nothing_left() { # WHAT
  assert_missing "$BATS_TEST_TMPDIR/state/broken"
  all_gone "$BATS_TEST_TMPDIR/.now" || fail "$1: left behind" "$(< "$BATS_TEST_TMPDIR/.now")"
}

fails() { # WHAT TEXT [OPTION...]: create must fail with TEXT, and leave nothing; then the configuration is the good one again
  local what=$1 text=$2
  shift 2
  run timeout 60 "$BERTH" --root "$BATS_TEST_TMPDIR/state" create --bundle "$bundle" "$@" broken < /dev/null 3>&-
  ((status == 1)) || fail "$what: expected status 1, got $status and:" "$output"
  [[ $output = *"$text"* ]] || fail "$what: expected a message with: $text" "got: $output"
  [[ $(wc -l <<< "$output") = 1 ]] || fail "$what: more than one line:" "$output"
  nothing_left "$what"
  cp "$bundle/good.json" "$bundle/config.json"
}

# FILTER | TEXT, from the first that is looked at to the last.
table='
.ociVersion = "9.0.0" | /ociVersion
del(.ociVersion) | /ociVersion
del(.process) | /process
.process.args = [] | /process/args
.process.cwd = "x" | /process/cwd
.process.user.uid = -1 | /process/user/uid
.process.env = {} | /process/env
.process.capabilities = ["CAP_CHOWN"] | /process/capabilities
.process.rlimits = [{type: "RLIMIT_BOGUS", soft: 1, hard: 1}] | /process/rlimits/0
.process.terminal = true | console-socket
.process.oomScoreAdj = 2000 | /process/oomScoreAdj
.process.apparmorProfile = "berth-test-missing" | apparmor
.process.selinuxLabel = "berth-test" | selinuxLabel
.process.scheduler = {policy: "SCHED_OTHER", nice: 99} | /process/scheduler/nice
.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 5, deadline: 4, period: 3} | /process/scheduler
.process.ioPriority = {class: "IOPRIO_CLASS_RT", priority: 9} | /process/ioPriority
.process.user.additionalGids = [4294967295] | /process/user/additionalGids
.process.cwd = "/etc/passwd" | /process/cwd
.process.args = ["no-such-program"] | no-such-program
.process.args = ["/etc/passwd"] | /etc/passwd
.root.path = "nowhere" | /root/path
.root = "rootfs" | /root
.hostname = ("x" * 65) | /hostname
.mounts[0].destination = "" | /mounts/0/destination
.mounts += [{destination: "/x", type: "bogusfs", source: "x"}] | /mounts/7
.mounts += [{destination: "/x", type: "none", source: "/nowhere", options: ["bind"]}] | /mounts/7
.mounts += [{destination: "/x", type: "tmpfs", source: "x", options: ["size=lots"]}] | /mounts/7
.mounts += [{destination: "/etc/passwd/x", type: "tmpfs", source: "x"}] | /mounts/7
.mounts += [{destination: "/proc/1", type: "tmpfs", source: "x"}] | /mounts/7
.mounts += [{destination: "/x", type: "none", source: "/tmp", options: ["bind", "idmap"]}] | /mounts/7
.mounts[1].type = "" | /mounts/1
.linux.devices = [{path: "/etc/passwd", type: "c", major: 1, minor: 3}] | /linux/devices/0
.linux.devices = [{path: "/dev/x/../../etc/group", type: "c", major: 1, minor: 3}] | /linux/devices/0
.linux.namespaces += [{type: "pid"}] | /linux/namespaces
.linux.namespaces += [{type: "user"}] | /linux/uidMappings
.linux.namespaces += [{type: "user", path: "/nowhere"}] | /nowhere
.linux.namespaces[1].path = "/proc/self/ns/uts" | network
.linux.namespaces |= map(select(.type != "mount")) | mount
.linux.namespaces += [{type: "time"}] \| .linux.timeOffsets = {boottime: {secs: -9000000000}} | /linux/timeOffsets
.linux.namespaces += [{type: "user"}] \| .linux.uidMappings = [{containerID: 5, hostID: 100000, size: 5}] \| .linux.gidMappings = .linux.uidMappings | /mounts/2
.linux.sysctl = {"vm.swappiness": "1"} | /linux/sysctl/vm.swappiness
.linux.sysctl = {"net.bogus": "1"} | /linux/sysctl/net.bogus
.linux.sysctl = {"net.ipv4.ip_forward": "bogus"} | /linux/sysctl/net.ipv4.ip_forward
.linux.netDevices = {bogus0: {}} | /linux/netDevices
.linux.rootfsPropagation = "bogus" | /linux/rootfsPropagation
.linux.maskedPaths = ["relative"] | /linux/maskedPaths/0
.linux.readonlyPaths = [1] | /linux/readonlyPaths/0
.linux.mountLabel = "berth-test" | mountLabel
.linux.personality = {domain: "BOGUS"} | /linux/personality
.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "1000"} | /linux/memoryPolicy
.linux.seccomp = {defaultAction: "BOGUS"} | /linux/seccomp/defaultAction
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nowhere", syscalls: [{names: ["getuid"], action: "SCMP_ACT_NOTIFY"}]} | /nowhere
.linux.intelRdt = {closID: "berth-test"} | intelRdt
.linux.resources.unified = {"bogus.max": "1"} | /linux/resources/unified
.linux.resources.unified = {"cgroup.procs": "1"} | /linux/resources/unified
.linux.resources.memory = {limit: -5} | /linux/resources/memory/limit
.linux.resources.devices = [{allow: true, type: "z", access: "r"}] | /linux/resources/devices/0
.linux.resources.hugepageLimits = [{pageSize: "3KB", limit: 5}] | /linux/resources/hugepageLimits
.linux.cgroupsPath = "/../../x" | /linux/cgroupsPath
.linux.cgroupsPath = "/" | cgroup
.linux.cgroupsPath = "/runner" | cgroup
.hooks.createRuntime = [{path: "/bin/false"}] | createRuntime hook 0
.hooks.createContainer = [{path: "/nowhere"}] | createContainer hook 0
.hooks.prestart = [{path: "/bin/sleep", args: ["sleep", "600"], timeout: 1}] | prestart hook 0
.annotations = {"": "x"} | /annotations
.vm = {} | /vm
. = [] | config.json
'

@test "every wrong configuration: an error that names it, and nothing left" {
  local filter text line n=0
  while IFS= read -r line; do
    [[ $line ]] || continue
    text=${line##* | } filter=${line% | *}
    filter=${filter//\\|/|}
    if [[ $text = selinuxLabel || $text = mountLabel ]] && [[ -d /sys/fs/selinux/booleans ]]; then continue; fi
    if [[ $text = intelRdt && -d /sys/fs/resctrl/info ]]; then continue; fi
    config "$filter"
    fails "$filter" "$text"
    n=$((n + 1))
  done <<< "$table"
  ((n >= 40)) || fail "only $n"
  # The good one is good.
  create broken
}

@test "a configuration that is none, or missing" {
  local text=$BATS_TEST_TMPDIR/text
  for text in '' '{' 'x' '{} {}' '{"ociVersion":"1.0.0","ociVersion":"1.0.0"}' $'{"ociVersion":"1.0.0\xff"}'; do
    printf %s "$text" > "$bundle/config.json"
    fails "$text" config.json
  done
  rm "$bundle/config.json"
  run berth create --bundle "$bundle" broken < /dev/null
  assert_error config.json 'No such file'
  mkdir "$bundle/config.json"
  run berth create --bundle "$bundle" broken < /dev/null
  assert_error config.json
  rmdir "$bundle/config.json"
  mkfifo "$bundle/config.json"
  run timeout 60 "$BERTH" --root "$BATS_TEST_TMPDIR/state" create --bundle "$bundle" broken < /dev/null 3>&-
  assert_error config.json
  rm "$bundle/config.json"
  cp "$bundle/good.json" "$bundle/config.json"
  run berth create --bundle /nowhere broken < /dev/null
  assert_error /nowhere
  nothing_left bundle
}

limited() { # BYTES COMMAND...: berth, with a limit on the size of files, and SIGXFSZ as it comes
  run timeout 60 env --default-signal prlimit --fsize="$1" "$BERTH" --root "$BATS_TEST_TMPDIR/state" "${@:2}" < /dev/null 3>&-
}

@test "a limit on the size of files: an error, and the undo" {
  local bytes
  for bytes in 0 1 700; do
    limited $bytes create --bundle "$bundle" broken
    assert_error 'File too large'
    nothing_left "$bytes"
    limited $bytes run --bundle "$bundle" broken
    assert_error 'File too large'
    nothing_left "$bytes"
  done
  limited 0 spec --file "$BATS_TEST_TMPDIR/spec.json"
  assert_error 'File too large'
}

@test "a limit on the size of files ends the workload and the hook that exceed it, and them only" {
  truncate --size 1M "$BATS_TEST_TMPDIR/log"
  script 'grep -E "^Sig(Blk|Ign)" /proc/self/status; sh -c "echo more > /tmp/x"; exit $?'
  config '.process.rlimits = [{ type: "RLIMIT_FSIZE", soft: 0, hard: 0 }]'
  limited 100000 --debug run --bundle "$bundle" broken
  assert_failure 153
  assert_contains $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000'
  # Messages for a log that has grown too large are lost: their signal is nothing that the caller sent.
  # The first process of a pid namespace would not mind it.
  config 'del(.linux.namespaces[] | select(.type == "pid")) | .process.rlimits = [] | .hooks.poststart = [{ path: "/bin/true" }]'
  script 'sleep 1; exit 7'
  limited 100000 --debug --log "$BATS_TEST_TMPDIR/log" run --bundle "$bundle" broken
  assert_failure 7
  config '.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", "head -c 200000 /dev/zero > \($x)"] }] }' \
    --arg x "$BATS_TEST_TMPDIR/x"
  limited 100000 run --bundle "$bundle" broken
  assert_error 'createRuntime hook 0'
}

@test "options that cannot be honoured" {
  fails 'a pid file in no directory' /nowhere/pid --pid-file /nowhere/pid
  config '.process.terminal = true'
  fails 'a console socket that is not there' /nowhere/socket --console-socket /nowhere/socket
  config '.process.terminal = true'
  : > "$BATS_TEST_TMPDIR/file"
  fails 'a console socket that is a file' "$BATS_TEST_TMPDIR/file" --console-socket "$BATS_TEST_TMPDIR/file"
  config '.process.terminal = true | del(.mounts[] | select(.destination == "/dev/pts"))'
  python3 -c 'import os, socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1] + ".new"); s.listen(9)
os.rename(sys.argv[1] + ".new", sys.argv[1]); time.sleep(1000)' "$BATS_TEST_TMPDIR/console" 3>&- &
  local listener=$!
  wait_until test -S "$BATS_TEST_TMPDIR/console"
  scan > "$BATS_TEST_TMPDIR/.before"
  fails 'a terminal without devpts' /dev/pts --console-socket "$BATS_TEST_TMPDIR/console"
  kill $listener
  wait $listener || :
}

@test "the machine refuses: state directory, cgroups, files" {
  : > "$BATS_TEST_TMPDIR/state"
  run berth create --bundle "$bundle" broken < /dev/null
  assert_error "$BATS_TEST_TMPDIR/state"
  rm "$BATS_TEST_TMPDIR/state"
  mkdir /sys/fs/cgroup/berth-test-broken
  echo 0 > /sys/fs/cgroup/berth-test-broken/cgroup.max.descendants
  config '.linux.cgroupsPath = "/berth-test-broken/x"'
  run berth create --bundle "$bundle" broken < /dev/null
  assert_error cgroup.max.descendants
  assert_missing "$BATS_TEST_TMPDIR/state/broken"
  assert_equal "$(find /sys/fs/cgroup/berth-test-broken -mindepth 1 -type d)" ''
  echo max > /sys/fs/cgroup/berth-test-broken/cgroup.max.descendants
  # A group that another uses, and a frozen one.
  sleep 1000 3>&- & local other=$!
  echo $other > /sys/fs/cgroup/berth-test-broken/cgroup.procs
  config '.linux.cgroupsPath = "/berth-test-broken"'
  run berth create --bundle "$bundle" broken < /dev/null
  assert_error 'belongs to another'
  kill -0 $other
  kill $other
  wait $other || :
  wait_until grep -q 'populated 0' /sys/fs/cgroup/berth-test-broken/cgroup.events
  echo 1 > /sys/fs/cgroup/berth-test-broken/cgroup.freeze
  run berth create --bundle "$bundle" broken < /dev/null
  assert_error frozen
  assert_missing "$BATS_TEST_TMPDIR/state/broken"
  rmdir /sys/fs/cgroup/berth-test-broken
  # No descriptors left.
  cp "$bundle/good.json" "$bundle/config.json"
  local n failed=0
  for n in {8..30}; do
    status=0
    bash -c 'ulimit -n $0; exec "$@"' "$n" "$BERTH" --root "$BATS_TEST_TMPDIR/state" create --bundle "$bundle" broken \
      < /dev/null > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- || status=$?
    ((status)) || break
    output=$(< "$BATS_TEST_TMPDIR/out")
    assert_matches 'file descriptors|open files'
    nothing_left "$n descriptors"
    failed=$((failed + 1))
  done
  ((failed > 5))
}

@test "a read-only image without the mount points says which is missing" {
  mount --bind "$bundle/rootfs" "$bundle/rootfs"
  mount -o remount,bind,ro "$bundle/rootfs"
  add_mount /not/there tmpfs tmpfs
  run berth create --bundle "$bundle" broken < /dev/null
  umount "$bundle/rootfs"
  assert_error /mounts/7 /not/there
  nothing_left 'a read-only image'
}

@test "every system call of the runtime that fails: create says so or copes, and leaves nothing" {
  strace -qq -e signal=none -o "$BATS_TEST_TMPDIR/trace" "$BERTH" --root "$BATS_TEST_TMPDIR/state" create --bundle "$bundle" broken < /dev/null > /dev/null 2>&1 3>&-
  delete_all broken
  local points call n stride=1 i=0
  if [[ ${BERTH_VM_KERNEL-} ]]; then stride=8; fi
  # Those that cannot fail, that end the process, or whose failure the C library does not take (memory) are left out.
  points=$(sed -nE 's/^([a-z0-9_]+)\(.*/\1/p' "$BATS_TEST_TMPDIR/trace" | awk '{ seen[$1]++ } $1 == "mkdirat" { on = 1 }
    on && $1 !~ /^(exit_group|close|mmap|munmap|brk|madvise|rt_sig.*|getpid|gettid|geteuid|wait4|waitid)$/ { print $1, seen[$1] }')
  while read -r call n; do
    ((i++ % stride == 0)) || continue
    status=0 # not by run: a container that is made keeps its pipe open
    timeout 60 strace -qq -o /dev/null -e signal=none -e trace="$call" -e inject="$call:error=EIO:when=$n" \
      "$BERTH" --root "$BATS_TEST_TMPDIR/state" create --bundle "$bundle" broken < /dev/null > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- || status=$?
    output=$(< "$BATS_TEST_TMPDIR/out")
    if ((status == 0)); then
      delete_all broken
    else
      ((status == 1)) || fail "$call $n: status $status: $output"
      [[ $output = *"berth create: "* ]] || fail "$call $n: $output"
      # What could not be removed since its removal failed, delete --force removes.
      [[ ! -e $BATS_TEST_TMPDIR/state/broken ]] || fail "$call $n: the state is left: $output"
    fi
    nothing_left "$call $n failed"
  done <<< "$points"
  ((i > 30)) || fail "only $i system calls"
}

@test "the container's process dies at any of its system calls: run says so, and leaves nothing" {
  local calls call i=0
  args true # strace goes on as long as there is a process
  strace -f -qq -e signal=none -o "$BATS_TEST_TMPDIR/trace" "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" broken < /dev/null > /dev/null 2>&1 3>&-
  # Calls that only the container's process makes, or the task beside it, until it executes the program; not the end of one that has done all.
  # The runtime may come to some of its own later than that.
  calls=$(awk '{ sub(/\(.*/, "", $2) } NR == 1 { runtime = $1 } $1 == runtime { not[$2] = 1 } NR == FNR || $1 == runtime { next } $2 == "execve" { exit }
    !seen[$2]++ { order[++n] = $2 } END { for (i = 1; i <= n; i++) if (!(order[i] in not) && order[i] ~ /^[a-z0-9_]+$/) print order[i] }' \
    "$BATS_TEST_TMPDIR/trace" "$BATS_TEST_TMPDIR/trace")
  for call in $calls; do
    [[ $call != exit ]] || continue
    run timeout 60 strace -f -qq -o /dev/null -e signal=none -e trace="$call" -e inject="$call:signal=SIGKILL:when=1" \
      "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" broken < /dev/null 3>&-
    ((status == 1)) || fail "$call: status $status: $output"
    [[ $output = *"killed by signal 9"* ]] || fail "$call: $output"
    nothing_left "$call"
    i=$((i + 1))
  done
  ((i > 8)) || fail "only $i system calls: $calls"
}

# The zombie that was process 1 of its pid namespace.
has_died() { awk 'FNR == 1 { dead = 0 } /^State:\tZ/ { dead = 1 } /^NSpid:.*\t1$/ && dead { found = 1 } END { exit !found }' /proc/[0-9]*/status; }

@test "what the container's process failed of is told, not what followed from it" {
  config '.linux.sysctl = { "net.ipv4.ip_forward": "nonsense" }'
  # As where systemd has removed the scope of a process that is gone: the device filter has no group any more.
  held bpf=ENOENT run --bundle "$bundle" broken > "$BATS_TEST_TMPDIR/out" 2>&1
  local runtime=$!
  # It may have heard of it before it comes to that.
  wait_until eval 'held_up || ! kill -0 '$runtime
  wait_until eval 'has_died || ! kill -0 '$runtime
  let_go
  status=0
  wait $runtime || status=$?
  output=$(< "$BATS_TEST_TMPDIR/out")
  assert_error net.ipv4.ip_forward
  nothing_left 'a sysctl that cannot be written'
}

@test "the container's process has died before the runtime lets it go: what it died of is told" {
  args true
  # The runtime waits for who makes the network namespace; init is killed meanwhile.
  strace -f -qq -o /dev/null -e signal=none -e trace=umount2 -e inject=umount2:signal=SIGKILL:when=1 \
    python3 "$top/tests/runtime/held.py" wait4 "$BATS_TEST_TMPDIR/held" "$BATS_TEST_TMPDIR/go" "$BERTH" --root "$BATS_TEST_TMPDIR/state" \
    run --bundle "$bundle" broken < /dev/null > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  wait_until held_up
  wait_until has_died
  let_go
  status=0
  wait $! || status=$?
  output=$(< "$BATS_TEST_TMPDIR/out")
  assert_error 'killed by signal 9'
  nothing_left 'init, killed early'
}

@test "an error is heard also when the container's process is faster than the runtime" {
  config '.mounts[0].options += ["bogus=1"]'
  run strace -o /dev/null -e trace=sendmsg -e inject=sendmsg:delay_enter=200ms "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" broken 3>&-
  assert_error '/mounts/0' bogus
  cp "$bundle/good.json" "$bundle/config.json"
  start_new broken
  run strace -o /dev/null -e trace=sendmsg -e inject=sendmsg:delay_enter=200ms "$BERTH" --root "$BATS_TEST_TMPDIR/state" exec --cwd /nope broken true 3>&-
  assert_equal "$status" 255
  assert_contains '/process/cwd'
  for _ in {1..20}; do
    run berth exec --cwd /nope broken true
    assert_contains '/process/cwd: change to /nope'
  done
}

# Programs that cannot be executed --------------------------------------------------------

cannot_execute() { # TEXT ARG...: from run, from create, and from exec in a container that runs
  local text=$1
  shift
  args "$@"
  run_config
  [[ $status = 1 && $output = *"$text"* ]] || fail "run $1: expected status 1 and $text, got $status and:" "$output"
  assert_status broken none
  run berth exec runs "$@"
  [[ $status = 255 && $output = *"$text"* ]] || fail "exec $1: expected status 255 and $text, got $status and:" "$output"
}

@test "a program that is not executed: the message names the reason" {
  local root=$bundle/rootfs
  mkdir -p "$root/opt" "$root/private"
  chmod 700 "$root/private"
  add_mount /noexec tmpfs tmpfs noexec tmpcopyup
  mkdir "$root/noexec"
  cp -L "$root/bin/busybox" "$root/noexec/program"
  printf '#!/bin/sh\n' > "$root/opt/plain"
  printf '#!/opt/interpreter -x\n' > "$root/opt/script"
  printf '#!/opt/script\n' > "$root/opt/script2"
  printf '#!/bin/sh\r\n' > "$root/opt/dos"
  printf 'echo hello\n' > "$root/opt/nohead"
  : > "$root/opt/empty"
  cp -L "$root/bin/busybox" "$root/private/program"
  # ELF: a dynamic program without its loader, and programs for other machines.
  cp "$(command -v cat)" "$root/opt/dynamic"
  cp -L "$root/bin/busybox" "$root/opt/arm"
  printf '\xb7\0' | dd of="$root/opt/arm" bs=1 seek=18 conv=notrunc status=none
  cp -L "$root/bin/busybox" "$root/opt/truncated"
  truncate -s 30 "$root/opt/truncated"
  ln -s /nowhere "$root/opt/dangling"
  ln -s loop "$root/opt/loop"
  chmod 755 "$root"/opt/{script,script2,dos,nohead,empty,dynamic,arm,truncated}
  script 'sleep 1000'
  create runs
  berth start runs
  config '.linux.cgroupsPath = "/berth-test-second"'
  cannot_execute 'executable file not found in $PATH' no-such-program
  cannot_execute 'executable file not found in $PATH' ''
  # The reason in the words that Docker looks for.
  cannot_execute 'no such file or directory' /opt/no-such-program
  cannot_execute 'no such file or directory' ./no-such-program
  cannot_execute 'permission denied' /opt/plain
  cannot_execute 'is not executable' /opt/plain
  cannot_execute 'is a directory' /opt
  cannot_execute 'noexec' /noexec/program
  cannot_execute '/opt/interpreter' /opt/script
  cannot_execute 'interpreter' /opt/script
  cannot_execute '/opt/interpreter' /opt/script2
  cannot_execute 'carriage return' /opt/dos
  cannot_execute 'must begin with #!' /opt/nohead
  cannot_execute 'empty' /opt/empty
  cannot_execute 'loader' /opt/dynamic
  cannot_execute '/ld-linux' /opt/dynamic
  cannot_execute '/nowhere' /opt/dangling
  cannot_execute 'loop' /opt/loop
  if [[ $(uname -m) = x86_64 ]]; then cannot_execute 'aarch64' /opt/arm; fi
  cannot_execute 'exec format error' /opt/truncated
  config '.process.user = { uid: 1000, gid: 1000 } | del(.process.capabilities)'
  args /private/program
  run_config
  assert_error /private 'permission denied'
  args sh -c true
  config '.process.args[0] = ("x" * 5000)'
  refused exec 'ame too long'
}

@test "what a created container cannot execute, create tells already; what goes meanwhile, start does" {
  args /opt/program
  fails 'a program that is not there' /opt/program
  args /opt/program
  mkdir "$bundle/rootfs/opt"
  cp -L "$bundle/rootfs/bin/busybox" "$bundle/rootfs/opt/program"
  create broken
  rm "$bundle/rootfs/opt/program"
  run berth start broken
  assert_error /opt/program 'no such file'
  wait_until is broken stopped
  berth delete broken
}

@test "errors for engines: JSON lines in --log, with level and msg" {
  config '.process.args = ["no-such-program"]'
  run berth --log "$BATS_TEST_TMPDIR/log" --log-format json run --bundle "$bundle" broken
  assert_error no-such-program
  run jq -r '[.level, .msg, (.time | test("^[0-9-]+T[0-9:.]+(Z|[+-][0-9:]+)$"))] | map(tostring) | join("|")' "$BATS_TEST_TMPDIR/log"
  assert_matches '^error\|.*executable file not found in \$PATH.*\|true$'
  assert_equal "$(wc -l < "$BATS_TEST_TMPDIR/log")" 1
  # An error that holds what JSON must not.
  config '.process.args = ["no\"such\\program\u0001\n"]'
  run berth --log "$BATS_TEST_TMPDIR/log2" --log-format json run --bundle "$bundle" broken
  assert_equal "$(jq -r .level "$BATS_TEST_TMPDIR/log2")" error
  assert_equal "$(wc -l < "$BATS_TEST_TMPDIR/log2")" 1
}

#!/usr/bin/env bats
# The same bundle under berth and under Debian's crun and runc: what the kernel tells from inside is the same, or tests/compare/known
# says why not.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # scripts of the container; bats' subshells; variables of common.bash
load helper

teardown() {
  umount --quiet --recursive "$BATS_TEST_TMPDIR/mounts/sources/tree" || :
  common_teardown
}

user_namespace() {
  chown -R 100000:100000 "$bundle/rootfs"
  chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* "$BATS_TEST_TMPDIR" # crun's init must find the root by its path
  config '.linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
}

@test "a plain bundle" {
  bundle plain
  compare
}

@test "a user, groups, limits, no_new_privs off, a read-only root" {
  bundle user
  config '.process.user = {uid: 1000, gid: 1000, additionalGids: [5, 2000], umask: 63}
    | .process.noNewPrivileges = false | .root.readonly = true | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}]
    | .process.oomScoreAdj = 100 | .process.cwd = "/tmp" | .process.env += ["A=1", "B=two words"]'
  compare
}

@test "capabilities: five sets that differ, and none" {
  bundle caps
  config '.process.capabilities = { bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_NET_RAW"], permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
    effective: ["CAP_CHOWN"], inheritable: ["CAP_KILL", "CAP_NET_RAW"], ambient: ["CAP_NET_RAW"] }'
  compare
  config '.process.user = { uid: 1000, gid: 1000 }'
  compare
  config 'del(.process.capabilities)'
  compare
  config '.process.user = { uid: 0, gid: 0 }'
  compare
}

@test "a user namespace" {
  bundle userns
  user_namespace
  compare
}

@test "a user namespace, and a user in it" {
  bundle usernsuser
  user_namespace
  config '.process.user = { uid: 1000, gid: 1000, additionalGids: [7] } | .root.readonly = true'
  compare
}

@test "namespaces of the host" {
  bundle host
  config '.linux.namespaces = [{ type: "mount" }] | del(.hostname)'
  compare
}

@test "no network, IPC and cgroup namespace" {
  bundle some
  config '.linux.namespaces = [{ type: "mount" }, { type: "pid" }, { type: "uts" }]'
  compare
}

@test "joined namespaces" {
  bundle holder
  script 'sleep 1000'
  start_new holder
  local pid
  pid=$(pid_of holder)
  bundle joined
  config '.linux.namespaces = [{ type: "mount" }, { type: "pid", path: "/proc/\($pid)/ns/pid" }, { type: "network", path: "/proc/\($pid)/ns/net" },
    { type: "ipc", path: "/proc/\($pid)/ns/ipc" }, { type: "uts", path: "/proc/\($pid)/ns/uts" }, { type: "cgroup" }] | del(.hostname)' --arg pid "$pid"
  compare
}

@test "a time namespace with offsets" {
  bundle time
  config '.linux.namespaces += [{ type: "time" }] | .linux.timeOffsets = { boottime: { secs: 1000, nanosecs: 5 }, monotonic: { secs: 2000 } }'
  compare
}

@test "mounts of many kinds" {
  bundle mounts
  mkdir -p "$bundle/sources/tree/sub"
  mount -t tmpfs tree "$bundle/sources/tree"
  mkdir "$bundle/sources/tree/sub"
  mount -t tmpfs -o nosuid,noatime sub "$bundle/sources/tree/sub"
  echo file > "$bundle/sources/file"
  mkdir "$bundle/rootfs/full"
  echo file > "$bundle/rootfs/full/file"
  local options n=0
  while read -r options; do
    # shellcheck disable=SC2086 # words
    add_mount "/m/$((n++))" none "$bundle/sources/tree" $options
  done << 'END'
bind
rbind
rbind ro
bind ro nosuid nodev noexec
rbind rro
rbind rnosuid rnodev rnoexec
rbind rprivate
rbind private noatime
bind nodiratime strictatime
END
  add_mount /etc/passwd none "$bundle/sources/file" bind ro
  add_mount /made/file none "$bundle/sources/file" bind
  add_mount /relative none sources/tree bind
  add_mount /tmp tmpfs tmpfs nosuid nodev mode=1700 size=64k
  add_mount /tmpfs tmpfs tmpfs ro
  add_mount /full tmpfs tmpfs tmpcopyup mode=750
  compare
}

@test "rootfsPropagation" {
  bundle propagation
  local propagation
  for propagation in private slave shared; do
    config '.linux.rootfsPropagation = $p' --arg p "$propagation"
    compare
  done
}

@test "a cgroup to write, with its namespace and without" {
  bundle cgroup
  config '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'
  compare
  config '.linux.namespaces |= map(select(.type != "cgroup"))'
  compare
}

@test "devices" {
  bundle devices
  config '.linux.devices = [{ path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 384, uid: 1000, gid: 5 },
    { path: "/dev/loop9", type: "b", major: 7, minor: 9 }, { path: "/dev/pipe", type: "p", fileMode: 416 }]'
  compare
}

@test "masked and read-only paths" {
  bundle masks
  mkdir "$bundle"/rootfs/{masked,readonly}
  echo secret | tee "$bundle/rootfs/masked/file" > "$bundle/rootfs/masked-file"
  config '.linux.maskedPaths = ["/masked", "/masked-file", "/missing", "/proc/keys"] | .linux.readonlyPaths = ["/readonly", "/proc/sys", "/missing"]'
  compare
  config '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
  compare
}

@test "names and kernel parameters" {
  bundle names
  config '.domainname = "example.test" | .linux.sysctl = { "net.ipv4.ip_forward": "1", "kernel.msgmax": "4096", "fs.mqueue.msg_max": "12",
    "net.ipv4.ping_group_range": "0 5", "kernel.sem": "100 200 30 40" }'
  compare
}

@test "scheduling and personality" {
  bundle sched
  config '.process.scheduler = { policy: "SCHED_BATCH", nice: 5 } | .process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 2 }
    | .linux.personality = { domain: "LINUX32" }'
  compare
}

@test "a small filter" {
  bundle filter
  config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], syscalls: [
    { names: ["mount"], action: "SCMP_ACT_ERRNO", errnoRet: 71 }, { names: ["getpid", "keyctl"], action: "SCMP_ACT_ERRNO" },
    { names: ["unshare"], action: "SCMP_ACT_ERRNO", args: [{ index: 0, value: 268435456, valueTwo: 268435456, op: "SCMP_CMP_MASKED_EQ" }] }] }'
  compare
  config '.process.noNewPrivileges = false'
  compare
}

@test "what crun spec, runc spec and berth spec write" {
  local writer
  for writer in crun runc berth; do
    bundle "spec-$writer"
    rm "$bundle/config.json"
    if [[ $writer = berth ]]; then berth spec --bundle "$bundle"; else (cd "$bundle" && peer "$writer" spec); fi
    config '.process.terminal = false | .linux.cgroupsPath = "/berth-test-spec"'
    compare
  done
}

fixture() { # NAME: with a root file system of its own, the sources of its bind mounts, without the limits
# that need controllers (tests/vm) or privileges that not every test machine has
  bundle "$1"
  local source
  jq --arg root "$bundle/rootfs" --arg sources "$bundle/sources" '.root.path = $root
    | .linux.cgroupsPath = "/berth-test-fixture" | del(.process.apparmorProfile)
    | .mounts |= map(if .type == "bind" then .source = $sources + "/" + (.destination | gsub("/"; "_")) else . end)
    | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1024, hard: 1024}]
    | .linux.resources |= {devices: (.devices // [])}' "$top/tests/fixtures/$1.json" > "$bundle/config.json"
  mkdir -p "$bundle/sources"
  for source in $(jq -r '.mounts[] | select(.type == "bind") | .source' "$bundle/config.json"); do
    if [[ $source = *shm ]]; then mkdir "$source"; else echo "$source" > "$source"; fi
  done
}

@test "the configuration that Podman wrote" { fixture podman-root; compare; }
@test "the configuration that rootless Podman wrote" { fixture podman-rootless; compare; }
@test "the configuration that containerd wrote" { fixture containerd-ctr; compare; }
@test "Docker's filter and capabilities" { fixture docker-like; compare; }

@test "every line of the table explains a difference that there is" {
  ((BATS_TEST_NUMBER > 20)) || skip "not all of the tests above ran"
  run comm -23 <(grep -vE '^#|this kernel' "$top/tests/compare/known" | sort -u) <(sort -u "$BATS_FILE_TMPDIR/explained")
  assert_output ''
}

#!/usr/bin/env bats
# features.md, features-linux.md: what `berth features` says is in the specification's structure, and each entry is true: it is used here.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq's variables; bats' subshells; variables of common.bash
load ../runtime/helper

setup() {
  common_setup
  bundle features
  install_probe
  features=$("$BERTH" features)
}

feature() { jq -r "$1" <<< "$features"; } # FILTER
each() { # LIST: to $names
  readarray -t names < <(feature "$1[]")
  ((${#names[@]} > 0)) || fail "nothing in $1"
}

alarm=37 # on x86_64, as tests/runtime/seccomp.bats has such numbers

# The document -------------------------------------------------------------------

@test "versions: the oldest and the newest are accepted" {
  local version
  assert_equal "$(feature '.ociVersionMin, .ociVersionMax' | sort -V | head -n 1)" "$(feature .ociVersionMin)"
  for version in $(feature '.ociVersionMin, .ociVersionMax'); do
    config '.ociVersion = $v' --arg v "$version"
    run_inside 'echo it runs'
    assert_output 'it runs'
  done
}

@test "nothing that the specification does not define, and nothing is null" {
  local paths
  paths=$(jq -r '[paths | map(select(type == "string")) | join(".")] | unique | .[]' <<< "$features" | grep -v '^annotations\.')
  assert_equal "$(sort <<< "$paths")" "$(sort << 'END'
annotations
hooks
linux
linux.apparmor
linux.apparmor.enabled
linux.capabilities
linux.cgroup
linux.cgroup.rdma
linux.cgroup.systemd
linux.cgroup.systemdUser
linux.cgroup.v1
linux.cgroup.v2
linux.intelRdt
linux.intelRdt.enabled
linux.intelRdt.monitoring
linux.intelRdt.schemata
linux.memoryPolicy
linux.memoryPolicy.flags
linux.memoryPolicy.modes
linux.mountExtensions
linux.mountExtensions.idmap
linux.mountExtensions.idmap.enabled
linux.namespaces
linux.netDevices
linux.netDevices.enabled
linux.seccomp
linux.seccomp.actions
linux.seccomp.archs
linux.seccomp.enabled
linux.seccomp.knownFlags
linux.seccomp.operators
linux.seccomp.supportedFlags
linux.selinux
linux.selinux.enabled
mountOptions
ociVersionMax
ociVersionMin
potentiallyUnsafeConfigAnnotations
END
)"
  assert_equal "$(feature '[.. | select(. == null)] | length')" 0
}

@test "the document does not depend on the host" {
  # Nothing of it is in sight.
  local root=$BATS_TEST_TMPDIR/empty
  mkdir "$root"
  cp "$BERTH" "$root/berth"
  assert_equal "$(env -i "$(command -v unshare)" --net --ipc "$(command -v chroot)" "$root" /berth --root /state features)" "$features"
}

@test "annotations are strings, and those that change what berth does do so" {
  assert_equal "$(feature '[.annotations[] | type] | unique | join(" ")')" string
  assert_equal "$(feature .annotations'["org.berth.version"]')" "$("$BERTH" --version | sed -n 's/^berth version //p')"
  assert_equal "$(feature '.potentiallyUnsafeConfigAnnotations | join(" ")')" 'org.berth. org.systemd.property. org.criu.config run.oci.keep_original_groups'
  config '.annotations = { "org.berth.network.egress": "bogus" }'
  refused org.berth.network.egress
}

# What every platform has ----------------------------------------------------------

@test "hooks: each is run" {
  local name log=$BATS_TEST_TMPDIR/hooks
  mkdir "$log"
  each .hooks
  config '.mounts += [{ destination: "/log", source: $l, options: ["bind"] }]' --arg l "$log"
  for name in "${names[@]}"; do
    config '.hooks[$n] = [{ path: "/bin/sh", args: ["sh", "-c", "d=\($l); test -d $d || d=/log; : > $d/\($n)"] }]' --arg n "$name" --arg l "$log"
  done
  run_inside true
  assert_success
  assert_equal "$(ls "$log")" "$(printf '%s\n' "${names[@]}" | sort)"
}

@test "mount options: each is understood, and none is a file system's" {
  local name mounts=''
  mkdir "$BATS_TEST_TMPDIR/source" "$bundle/rootfs/mnt"
  each .mountOptions
  assert_equal "$(printf '%s\n' "${names[@]}" | sort | uniq -d)" ''
  for name in "${names[@]}"; do
    case $name in
      bind | rbind) mounts+="/m/$name|none|$BATS_TEST_TMPDIR/source|$name"$'\n' ;;
      remount) mounts+="/m/$name|tmpfs|tmpfs|rw"$'\n'"/m/$name|tmpfs|tmpfs|remount,ro"$'\n' ;;
      idmap | ridmap) mounts+="/m/$name|none|$BATS_TEST_TMPDIR/source|rbind,$name"$'\n' ;;
      # tmpfs takes no option that it does not know.
      *) mounts+="/m/$name|tmpfs|tmpfs|$name"$'\n' ;;
    esac
  done
  config '.mounts += ($lines | split("\n") | map(select(. != "") | split("|")
    | { destination: .[0], type: .[1], source: .[2], options: (.[3] | split(",")) }
    | if .destination | endswith("idmap") then . + { uidMappings: $maps, gidMappings: $maps } else . end))' \
    --arg lines "$mounts" --argjson maps '[{ "containerID": 0, "hostID": 100000, "size": 1000 }]'
  run_inside 'grep -c " /m/" /proc/mounts'
  # The remount is no mount of its own.
  assert_output $((${#names[@]}))
  # Those of file systems pass through berth unread.
  for name in size mode uid gid nr_inodes newinstance ptmxmode hidepid subset lowerdir upperdir workdir context; do
    [[ " ${names[*]} " != *" $name "* ]] || fail "$name"
  done
}

# linux ----------------------------------------------------------------------------

@test "namespaces: each can be new" {
  local name file
  each .linux.namespaces
  assert_equal "$(printf '%s\n' "${names[@]}" | sort | paste -sd' ')" 'cgroup ipc mount network pid time user uts'
  for name in "${names[@]}"; do
    case $name in network) file=net ;; mount) file=mnt ;; *) file=$name ;; esac
    config '.linux.namespaces = [{ type: "mount" }, { type: "pid" }, { type: "network" }]
      | .linux.namespaces += if any(.linux.namespaces[]; .type == $n) then [] else [{ type: $n }] end
      | if $n == "user" then .linux.uidMappings = $m | .linux.gidMappings = $m else . end | del(.hostname, .linux.sysctl)
      | .mounts |= map(select(.type != "mqueue"))' \
      --arg n "$name" --argjson m '[{ "containerID": 0, "hostID": 0, "size": 1000 }]'
    run_inside "readlink /proc/self/ns/$file"
    assert_success
    [[ $output = "$file:["*"]" && $output != "$(readlink "/proc/self/ns/$file")" ]] || fail "$name: $output"
    config 'del(.linux.uidMappings, .linux.gidMappings)'
  done
}

@test "capabilities: all of the kernel's, and each can be granted" {
  each .linux.capabilities
  local last
  last=$(< /proc/sys/kernel/cap_last_cap)
  assert_equal "${#names[@]}" $((last + 1))
  config '.process.capabilities = ($c | { bounding: ., permitted: ., effective: . })' --argjson c "$(feature .linux.capabilities)"
  run_inside 'grep -E "Cap(Bnd|Eff|Prm)" /proc/self/status'
  # All that we have ourselves: root's, but in a sandbox.
  local ours
  ours=$(sed -n 's/^CapBnd:\t//p' /proc/self/status)
  output=$(grep ^Cap <<< "$output")
  assert_output "$(printf 'Cap%s:\t%s\n' Prm "$ours" Eff "$ours" Bnd "$ours")"
}

@test "cgroup: the managers and controllers that are named, and not v1" {
  assert_equal "$(feature '.linux.cgroup | to_entries | map("\(.key)=\(.value)") | join(" ")')" \
    'v1=false v2=true systemd=true systemdUser=true rdma=true'
  # v2: the container is in the group of its configuration.
  run_inside 'grep ^0: /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs'
  assert_output $'0::/\n1'
  # What the machine lacks is named: nothing is ignored.  (With systemd, and with the user's: tests/vm/suites/cgroup-*.bats.)
  if [[ ! -d /run/systemd/system ]]; then
    run berth --systemd-cgroup run --bundle "$bundle" features
    assert_error systemd
  fi
  # Neither is there such a device where the controller is (tests/vm/suites/cgroup-limits.bats).
  config '.linux.resources.rdma = { mlx5_1: { hcaHandles: 3 } }'
  refused /linux/resources/rdma
}

@test "seccomp: each action and operator, and those that are none" {
  local name
  declare -A outcome=([ALLOW]='ok 0' [LOG]='ok 0' [ERRNO]='errno 1' [TRACE]='errno 38' [KILL]=159 [KILL_PROCESS]=159 [KILL_THREAD]=159
    [TRAP]=159 [NOTIFY]='errno 5')
  mkdir "$BATS_TEST_TMPDIR/agent"
  python3 "$top/tests/runtime/agent.py" "$BATS_TEST_TMPDIR/socket" "$BATS_TEST_TMPDIR/agent" errno=5 3>&- &
  local agent=$!
  wait_until test -S "$BATS_TEST_TMPDIR/socket"
  assert_equal "$(feature .linux.seccomp.enabled)" true
  each .linux.seccomp.actions
  assert_equal ${#names[@]} ${#outcome[@]}
  for name in "${names[@]}"; do
    config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["alarm"], action: $a }], listenerPath: $s }' \
      --arg a "$name" --arg s "$BATS_TEST_TMPDIR/socket"
    run_args probe syscall $alarm 0
    case ${outcome[${name#SCMP_ACT_}]} in
      159) assert_failure 159 ;;
      *) assert_equal "$name: $output" "$name: ${outcome[${name#SCMP_ACT_}]}" ;;
    esac
  done
  kill $agent
  # alarm(5), compared with 5; with a mask, 5 & 6 is 4.
  declare -A matches=([NE]='' [LT]='' [LE]=1 [EQ]=1 [GE]=1 [GT]='' [MASKED_EQ]=1)
  each .linux.seccomp.operators
  assert_equal ${#names[@]} ${#matches[@]}
  for name in "${names[@]}"; do
    config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["alarm"], action: "SCMP_ACT_ERRNO",
      args: [{ index: 0, op: $o, value: (if $o == "SCMP_CMP_MASKED_EQ" then 6 else 5 end), valueTwo: 4 }] }] }' --arg o "$name"
    run_args probe syscall $alarm 5
    assert_equal "$name: $output" "$name: $([[ ${matches[${name#SCMP_CMP_}]} ]] && echo errno 1 || echo ok 0)"
  done
  config '.linux.seccomp = { defaultAction: "SCMP_ACT_BOGUS" }'
  refused /linux/seccomp/defaultAction
}

@test "seccomp: each architecture and flag" {
  local name
  each .linux.seccomp.archs
  for name in "${names[@]}"; do
    config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", architectures: [$a] }' --arg a "$name"
    run_inside 'grep Seccomp: /proc/self/status'
    # A filter is of one byte order.
    if ((status)); then assert_error "/linux/seccomp/architectures" "$name" "byte order"; else assert_output $'Seccomp:\t2'; fi
  done
  for name in X86_64 X86 X32; do [[ " ${names[*]} " = *" SCMP_ARCH_$name "* ]] || fail "$name"; done
  each .linux.seccomp.knownFlags
  assert_equal "$(printf '%s\n' "${names[@]}" | sort | paste -sd' ' | sed 's/SECCOMP_FILTER_FLAG_//g')" 'LOG SPEC_ALLOW TSYNC WAIT_KILLABLE_RECV'
  for name in "${names[@]}"; do
    config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", flags: [$f], syscalls: [{ names: ["alarm"], action: "SCMP_ACT_ERRNO" }] }' --arg f "$name"
    run_args probe syscall $alarm
    if [[ $(feature ".linux.seccomp.supportedFlags | index(\"$name\")") = null ]]; then
      assert_error /linux/seccomp/flags "$name"
    else
      assert_output 'errno 1'
    fi
  done
}

@test "memoryPolicy: each mode and flag" {
  local name nodes
  # What set_mempolicy(2) numbers them.
  declare -A number=([DEFAULT]=0 [PREFERRED]=1 [BIND]=2 [INTERLEAVE]=3 [LOCAL]=4 [PREFERRED_MANY]=5 [WEIGHTED_INTERLEAVE]=6)
  each .linux.memoryPolicy.modes
  assert_equal ${#names[@]} ${#number[@]}
  for name in "${names[@]}"; do
    case $name in MPOL_DEFAULT | MPOL_LOCAL) nodes=null ;; *) nodes='"0"' ;; esac
    config '.linux.memoryPolicy = { mode: $m, nodes: $n }' --arg m "$name" --argjson n "$nodes"
    run_args probe mempolicy
    assert_contains "mode ${number[${name#MPOL_}]} "
  done
  declare -A bit=([NUMA_BALANCING]=$((1 << 13)) [RELATIVE_NODES]=$((1 << 14)) [STATIC_NODES]=$((1 << 15)))
  each .linux.memoryPolicy.flags
  assert_equal ${#names[@]} ${#bit[@]}
  for name in "${names[@]}"; do
    config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0", flags: [$f] }' --arg f "$name"
    run_args probe mempolicy
    # A kernel without automatic balancing knows no such flag.
    if [[ $name = *BALANCING && ! -e /proc/sys/kernel/numa_balancing ]] && ((status)); then
      assert_error /linux/memoryPolicy
    else
      assert_contains "mode $((2 | ${bit[${name#MPOL_F_}]})) "
    fi
  done
}

@test "memoryPolicy: the memory of the program is where it says" {
  config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0" }'
  run_inside 'grep -c " bind:0 " /proc/self/numa_maps'
  assert_success
  ((output > 0))
  config 'del(.linux.memoryPolicy)'
  run_inside 'grep -c " default " /proc/self/numa_maps'
  assert_success
}

@test "labels and Intel RDT: asked for where the host has none, an error that says so" {
  assert_equal "$(feature '.linux | [.apparmor.enabled, .selinux.enabled, .intelRdt.enabled, .intelRdt.schemata, .intelRdt.monitoring] | all')" true
  # With AppArmor there: tests/vm/suites/apparmor.bats; with a stand-in for resctrl: tests/unit/test_resctrl.c.
  if [[ ! -d /sys/kernel/security/apparmor ]]; then
    config '.process.apparmorProfile = "berth-test"'
    refused /process/apparmorProfile AppArmor
    config 'del(.process.apparmorProfile)'
  fi
  config '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
  refused /process/selinuxLabel SELinux
  config 'del(.process.selinuxLabel) | .linux.mountLabel = "system_u:object_r:container_file_t:s0"'
  refused /linux/mountLabel SELinux
  config 'del(.linux.mountLabel) | .linux.intelRdt = { enableMonitoring: true }'
  refused /linux/intelRdt 'resctrl'
}

@test "idmap mounts and network devices" {
  assert_equal "$(feature '[.linux.mountExtensions.idmap.enabled, .linux.netDevices.enabled] | all')" true
  mkdir "$BATS_TEST_TMPDIR/source"
  chown 5:6 "$BATS_TEST_TMPDIR/source"
  config '.mounts += [{ destination: "/mapped", source: $s, options: ["bind", "idmap"],
    uidMappings: [{ containerID: 0, hostID: 100000, size: 1000 }], gidMappings: [{ containerID: 0, hostID: 100000, size: 1000 }] }]' \
    --arg s "$BATS_TEST_TMPDIR/source"
  ip link add berth0 type veth peer name berth1
  config '.linux.netDevices = { berth0: {} }'
  run_inside 'stat -c "%u %g" /mapped; ls /sys/class/net'
  ip link del berth1 2> /dev/null || :
  assert_output $'100005 100006\nberth0\nlo'
}

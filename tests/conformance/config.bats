#!/usr/bin/env bats
# What the specification asks of a runtime and no other suite shows: tests/conformance/requirements names the sentences.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq's variables; bats' subshells; variables of common.bash
load ../runtime/helper

setup() {
  common_setup
  bundle conform
}

teardown() {
  umount /sys/kernel/cgroup 2> /dev/null || :
  local name
  for name in berth0 berth1; do ip link del $name 2> /dev/null || :; done
  common_teardown
}

# config.md ---------------------------------------------------------------------

@test "annotations of the specification and unknown ones are kept as they are" {
  local given='{ "org.opencontainers.image.os": "linux", "org.opencontainers.image.architecture": "amd64",
    "org.opencontainers.image.stopSignal": "SIGUSR1", "org.opencontainers.image.created": "2026-01-01T00:00:00Z",
    "org.opencontainers.bogus": "x", "com.example.gpu-cores": "2", "no domain": "", "org.systemd.bogus": "y" }'
  config '.annotations = $a' --argjson a "$given"
  create conform
  assert_equal "$(berth state conform | jq -Sc .annotations)" "$(jq -Sc . <<< "$given")"
}

@test "unknown properties are ignored, wherever they are" {
  # One in every object of the configuration, but for those whose names are data.
  config 'def add: if type == "object" then map_values(add) + { "x-berth-test": { "deep": [1] } } elif type == "array" then map(add) else . end;
    del(.annotations, .linux.sysctl, .linux.resources.unified, .linux.timeOffsets) | add'
  [[ $(grep -c x-berth-test "$bundle/config.json") -gt 20 ]]
  run_inside 'echo it runs'
  assert_output 'it runs'
}

@test "what spec writes has the default file systems" {
  rm "$bundle/config.json"
  berth spec --bundle "$bundle"
  config '.process.terminal = false'
  run_inside 'while read -r _ where type _; do case $where in /proc | /sys | /dev/pts | /dev/shm) echo "$where $type";; esac; done < /proc/mounts | sort'
  assert_output $'/dev/pts devpts\n/dev/shm tmpfs\n/proc proc\n/sys sysfs'
}

# config-linux.md ---------------------------------------------------------------

device() { ip link add "$1" type veth peer name "$1p"; } # NAME

@test "network devices: a name that is taken, and a template" {
  device berth0
  device berth1
  config '.linux.netDevices = { berth0: { name: "lo" } }'
  refused /linux/netDevices/berth0 '"lo"' already
  # It was not moved.
  ip link show berth0
  config '.linux.netDevices = { berth0: { name: "eth%d" }, berth1: { name: "eth%d" } }'
  run_inside 'ls /sys/class/net'
  assert_line eth0
  assert_line eth1
}

@test "network devices: what the container does with them, and its end, is not the runtime's" {
  device berth0
  # A network namespace that outlives the container.
  unshare --net sleep 1000 3>&- &
  local keeper=$!
  wait_until eval '[[ $(readlink /proc/'$keeper'/ns/net) != "$(readlink /proc/self/ns/net)" ]]'
  config '(.linux.namespaces[] | select(.type == "network")).path = $p | .linux.netDevices = { berth0: { name: "eth7" } }' \
    --arg p "/proc/$keeper/ns/net"
  script 'ip link set eth7 down; ip link set eth7 name eth8; ip addr add 192.0.2.9/24 dev eth8; exec sleep 1000'
  config '.process.capabilities |= map_values(. + ["CAP_NET_ADMIN"] | unique)'
  start_new conform
  wait_until eval 'nsenter --net=/proc/'$keeper'/ns/net ip addr show eth8 | grep -q 192.0.2.9'
  # start and state look at the container again; nothing is put right.
  berth state conform > /dev/null
  berth delete --force conform
  run nsenter --net="/proc/$keeper/ns/net" ip addr show eth8
  assert_success
  assert_contains 192.0.2.9/24
  refute_contains ',UP'
  run ip link show eth7
  assert_failure
  kill $keeper
}

@test "cgroup ownership without the kernel's list of files" {
  config '(.mounts[] | select(.type == "cgroup")).options -= ["ro"] | .process.user = { uid: 1000, gid: 1000 }'
  mount -t tmpfs none /sys/kernel/cgroup
  script 'exec sleep 1000'
  create conform
  umount /sys/kernel/cgroup
  cd /sys/fs/cgroup/berth-test-conform
  assert_equal "$(stat -c '%u %n' -- * | grep ^1000)" $'1000 cgroup.procs\n1000 cgroup.subtree_control\n1000 cgroup.threads'
  assert_equal "$(stat -c %u .)" 1000
  cd /
}

@test "network devices' names and addresses are the container's alone" {
  device berth0
  ip addr add 192.0.2.7/24 dev berth0
  ip addr add 2001:db8::7/64 dev berth0 nodad
  # Neither permanent nor global: they stay behind.
  ip addr add 192.0.2.8/24 valid_lft 1000 preferred_lft 1000 dev berth0
  ip addr add 169.254.9.9/16 scope link dev berth0
  ip link set berth0 mtu 1400 address 02:00:00:00:00:77
  config '.linux.netDevices = { berth0: {} }'
  run_inside 'ip addr show berth0'
  assert_success
  assert_contains 192.0.2.7/24
  assert_contains 2001:db8::7/64
  assert_contains 'mtu 1400'
  assert_contains 02:00:00:00:00:77
  assert_contains ,UP
  refute_contains 192.0.2.8
  refute_contains 169.254.9.9
}

# runtime.md ----------------------------------------------------------------------

@test "state: every property has the type and the values of the schema" {
  config '.annotations = { "a.b": "c" }'
  local state status
  schema() { # in every status
    state=$(berth state conform)
    jq -e '(.ociVersion | type == "string" and test("^[0-9]+\\.[0-9]+\\.[0-9]+")) and (.id == "conform") and (.bundle | startswith("/"))
      and (.pid | type == "number" and . >= 0 and . == floor)
      and ([.annotations[] | type] | unique == ["string"])
      and (.status | IN("creating", "created", "running", "stopped", "paused"))' <<< "$state" > /dev/null || fail "$state" || return
    status+=" $(jq -r .status <<< "$state")"
  }
  script 'exec sleep 1000'
  config '.hooks.createRuntime = [{ path: "/bin/sh", args: ["sh", "-c", "cat > \($f)"] }]' --arg f "$BATS_TEST_TMPDIR/creating"
  create conform
  schema
  berth start conform
  schema
  berth pause conform
  schema
  berth resume conform
  berth kill conform KILL
  wait_until assert_status conform stopped
  schema
  assert_equal "$status" ' created running paused stopped'
  # And as a hook reads it.
  assert_equal "$(jq -r '[.status, .id, .bundle, (.pid | type), .annotations["a.b"]] | join(" ")' "$BATS_TEST_TMPDIR/creating")" \
    "creating conform $bundle number c"
}

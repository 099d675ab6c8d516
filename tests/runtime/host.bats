#!/usr/bin/env bats
# Hosts that do not offer every controller of cgroup v2: what needs none works, and a limit that cannot be had names the way to it.
# Views of such hosts are made in mount namespaces; what the kernel says of itself in /proc is written for the test.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the inner shells' variables; bats' subshells; variables of common.bash
load helper

setup() {
  common_setup
  bundle host
  script 'exec sleep 1000'
}

# The controllers that cgroup v1 has here, of those that limits need, with where and how.
v1_controllers() { awk '$2 > 0 && /^(cpu|cpuset|memory|pids|blkio)\t/ { print $1 }' /proc/cgroups; }

# berth with FIRST, a piece of shell, done in a mount namespace of its own.
berth_where() { # FIRST ARG...
  local first=$1
  shift
  unshare --mount bash -euc "$first"'; exec "$@"' berth "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&-
}

# As systemd lays out a hybrid host.
hybrid='umount -l /sys/fs/cgroup; mount -t tmpfs none /sys/fs/cgroup; cd /sys/fs/cgroup
  for c in $(awk "!/^#/ && \$2 > 0 { print \$1 }" /proc/cgroups); do mkdir $c; mount -t cgroup -o $c none $c; done
  mkdir unified; mount -t cgroup2 none unified; cd /'

file_of() {
  case $1 in
    cpu) echo 'cpu.weight cpu/shares {"cpu":{"shares":512}}' ;;
    cpuset) echo 'cpuset.cpus cpu/cpus {"cpu":{"cpus":"0"}}' ;;
    memory) echo 'memory.max memory/limit {"memory":{"limit":67108864}}' ;;
    pids) echo 'pids.max pids/limit {"pids":{"limit":5}}' ;;
    blkio) echo 'io.max blockIO/throttleReadBpsDevice/0/rate {"blockIO":{"throttleReadBpsDevice":[{"major":1,"minor":1,"rate":9}]}}' ;;
  esac
}

@test "a hybrid host: a limit says who has its controller, and which boot parameter gives it" {
  [[ $(v1_controllers) ]] || skip "cgroup v1 has no controller here"
  local controller file field resources name
  for controller in $(v1_controllers); do
    read -r file field resources <<< "$(file_of "$controller")"
    name=${controller/blkio/io}
    config '.linux.resources = $r' --argjson r "$resources"
    run berth_where "$hybrid" create --bundle "$bundle" host < /dev/null
    assert_error "berth create: /linux/resources/$field needs $file of the cgroup v2 controller $name" \
      "cgroup v1 holds it at /sys/fs/cgroup/$controller" "boot with cgroup_no_v1=$name"
    refute_contains systemd
    assert_missing /sys/fs/cgroup/berth-test-host
    assert_status host none
    # systemd has a parameter for all of them.
    run berth_where "$hybrid; mount -t tmpfs none /run; mkdir -p /run/systemd/system" create --bundle "$bundle" host < /dev/null
    assert_error "cgroup_no_v1=$name, or with systemd.unified_cgroup_hierarchy=1"
  done
}

@test "a hybrid host: what needs no controller works" {
  [[ $(v1_controllers) ]] || skip "cgroup v1 has no controller here"
  mknod "$bundle/rootfs/kmsg" c 1 11
  config '.process.capabilities |= map_values(. + ["CAP_SYSLOG"])'
  berth_where "$hybrid" create --bundle "$bundle" host < /dev/null > /dev/null 2>&1
  berth_where "$hybrid" start host
  assert_equal "$(sed -n 's/^0:://p' "/proc/$(pid_of host)/cgroup")" /berth-test-host
  berth_where "$hybrid" pause host
  grep -qx 'frozen 1' /sys/fs/cgroup/berth-test-host/cgroup.events
  assert_status host paused
  berth_where "$hybrid" resume host
  run berth_where "$hybrid" exec host head -c1 /kmsg
  assert_contains 'Operation not permitted'
  run berth_where "$hybrid" events --stats host
  assert_success
  assert_contains '"type":"stats"'
  run berth_where "$hybrid" ps host
  assert_contains 'sleep 1000'
  # The core's own limits are no controller's.
  berth_where "$hybrid" update --resources - host <<< '{ "unified": { "cgroup.max.depth": "3" } }'
  assert_equal "$(< /sys/fs/cgroup/berth-test-host/cgroup.max.depth)" 3
  run berth_where "$hybrid" update --memory 64m host
  grep -qw memory /sys/fs/cgroup/cgroup.controllers || assert_error /linux/resources/memory/limit cgroup_no_v1=memory
  assert_status host running
  berth_where "$hybrid" kill --all host KILL
  wait_until is host stopped
  berth_where "$hybrid" delete host
  assert_missing /sys/fs/cgroup/berth-test-host
}

@test "a hybrid host: a controller that cgroup v2 does have limits" {
  need_controller hugetlb
  [[ -e /sys/kernel/mm/hugepages/hugepages-2048kB ]] || skip "no huge pages of 2 MB"
  config '.linux.resources.hugepageLimits = [{ pageSize: "2MB", limit: 4194304 }]'
  create host
  assert_equal "$(< /sys/fs/cgroup/berth-test-host/hugetlb.2MB.max)" 4194304
}

@test "a host with cgroup v1 alone: where to get v2" {
  [[ $(v1_controllers) ]] || skip "cgroup v1 has no controller here"
  run berth_where "$hybrid; umount /sys/fs/cgroup/unified; rmdir /sys/fs/cgroup/unified" create --bundle "$bundle" host < /dev/null
  assert_error 'this host has cgroup v1 alone' systemd.unified_cgroup_hierarchy=1 'mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified'
  run berth_where "umount -l /sys/fs/cgroup" create --bundle "$bundle" host < /dev/null
  assert_error 'cgroup v2 is not mounted' 'mount -t cgroup2 cgroup2 /sys/fs/cgroup'
}

@test "switched off at boot, not built in, not handed down: each says what to do" {
  local lack=''
  for name in memory pids cpu; do
    grep -qw $name /sys/fs/cgroup/cgroup.controllers || { lack=$name; break; }
  done
  [[ $lack ]] || skip "every controller is here"
  local file field resources line want
  read -r file field resources <<< "$(file_of $lack)"
  config '.linux.resources = $r' --argjson r "$resources"
  while IFS='|' read -r line boot want; do
    printf '#subsys_name\thierarchy\tnum_cgroups\tenabled\n%b' "$line" > "$BATS_TEST_TMPDIR/cgroups"
    echo "$boot" > "$BATS_TEST_TMPDIR/cmdline"
    run berth_where "mount --bind '$BATS_TEST_TMPDIR/cgroups' /proc/cgroups; mount --bind '$BATS_TEST_TMPDIR/cmdline' /proc/cmdline" \
      create --bundle "$bundle" host < /dev/null
    assert_error "/linux/resources/$field needs $file of the cgroup v2 controller $lack" "$want"
  done << END
$lack\t0\t1\t0\n|quiet cgroup_disable=$lack|the boot parameter cgroup_disable=$lack switches it off
$lack\t0\t1\t0\n|quiet|boot with cgroup_enable=$lack
|quiet|built without it (CONFIG_
$lack\t0\t1\t1\n|quiet|the groups above this cgroup namespace do not give it; enable it in their cgroup.subtree_control
END
}

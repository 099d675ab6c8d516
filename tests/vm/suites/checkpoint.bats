#!/usr/bin/env bats
# Checkpoints where a kernel has all that they need: limits in force, systemd's scopes, changed memory only, memory that comes later, and the move
# of a container to another node (docs/migration.md).
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common
load ../../lib/criu

setup() {
  common_setup
  criu_setup
}

@test "limits are the configuration's, before anything runs" {
  bundle saved
  counter
  config '.linux.resources += { memory: { limit: 67108864 }, pids: { limit: 10 } }'
  start_new saved
  wait_until counted 3
  checkpoint saved
  config '.linux.resources += { memory: { limit: 33554432 }, pids: { limit: 2 } }'
  restore saved
  assert_cgroup saved memory.max 33554432
  assert_cgroup saved pids.max 2
  wait_until counted $(($(count) + 2)) # criu does not count
  berth update --pids-limit 10 saved
  # No device but the usual ones.
  run berth exec saved sh -c 'mknod /dev/kmsg c 1 11; cat /dev/kmsg'
  assert_error 'not permitted'
}

# criu would mount the hierarchy with none of them. Without nsdelegate, a container whose group is writable raises its own limits.
@test "the host keeps the options of its cgroup v2, while criu works, too" {
  local before watcher
  mount -o remount,nsdelegate,memory_recursiveprot /sys/fs/cgroup
  before=$(findmnt -no OPTIONS /sys/fs/cgroup)
  assert_contains_all "$before" nsdelegate memory_recursiveprot
  bundle saved
  counter
  start_new saved
  wait_until counted 3
  while :; do findmnt -no OPTIONS /sys/fs/cgroup; done > "$BATS_TEST_TMPDIR/seen" 3>&- &
  watcher=$!
  berth checkpoint --image-path "$BATS_TEST_TMPDIR/images" --leave-running saved
  berth delete --force saved
  restore saved
  # One that fails.
  run berth checkpoint --image-path "$BATS_TEST_TMPDIR/images" --parent-path /nowhere saved
  assert_failure
  kill $watcher
  wait $watcher || :
  assert_equal "$(sort -u "$BATS_TEST_TMPDIR/seen")" "$before"
}

@test "in a scope of systemd" {
  bundle saved
  counter
  config '.linux.cgroupsPath = "system.slice:berth:test-saved" | .linux.resources += { pids: { limit: 10 } }'
  scoped() { "$BERTH" --systemd-cgroup --root "$BATS_TEST_TMPDIR/state" "$@" 3>&-; }
  scoped run --detach --bundle "$bundle" saved < /dev/null > "$BATS_TEST_TMPDIR/saved.log" 2>&1
  wait_until counted 3
  scoped checkpoint --image-path "$images" saved
  run systemctl is-active berth-test-saved.scope
  assert_failure
  scoped restore --detach --bundle "$bundle" --image-path "$images" saved < /dev/null >> "$BATS_TEST_TMPDIR/saved.log" 2>&1
  assert_equal "$(cgroup_of saved)" /sys/fs/cgroup/system.slice/berth-test-saved.scope
  assert_cgroup saved pids.max 10
  assert_equal "$(systemctl show --property=ActiveState --value berth-test-saved.scope)" active
  wait_until counted $(($(count) + 1))
  scoped delete --force saved
}

@test "pre-dumps: each has what has changed" {
  bundle saved
  cp "$(static_program tcp "$top/tests/runtime/tcp.c")" "$bundle/rootfs/bin/tcp"
  config '.process.args = ["tcp", "serve", "7", "8"]' # 8 MB, which stay as they are
  start_new saved
  wait_until grep -q ':0007 ' "/proc/$(pid_of saved)/net/tcp"
  images=$BATS_TEST_TMPDIR/1 checkpoint saved --pre-dump
  assert_status saved running
  images=$BATS_TEST_TMPDIR/2 checkpoint saved --pre-dump --parent-path ../1
  images=$BATS_TEST_TMPDIR/3
  checkpoint saved --parent-path ../2
  pages() { du -cb "$BATS_TEST_TMPDIR/$1"/pages-*.img | tail -n 1 | cut -f1; }
  (($(pages 1) > 8000000 && $(pages 2) < 1000000 && $(pages 3) < 1000000)) || fail "pages: $(pages 1) $(pages 2) $(pages 3)"
  restore saved
  run checkpoint saved --parent-path ../none
  assert_error '--parent-path ../none' 'No such file'
  berth exec --detach saved tcp ask 127.0.0.1 7 /run/n
  wait_until counted 1
}

@test "migration: memory and a TCP connection move to another node" {
  static_program tcp "$top/tests/runtime/tcp.c" > /dev/null
  run "$top/tests/bench/migrate" 16
  assert_success
  assert_line 'node a has: '
  assert_line 'node b has: web'
  assert_matches 'answers before [0-9]+, after [0-9]+'
  assert_matches 'bytes sent: [0-9]{8} running, [0-9]{4,7} running, [0-9]{4,7} standing still'
  assert_matches 'the client waited for [0-9]+ ms'
}

@test "AppArmor: the profile comes back, or the one that is asked for" {
  local name
  for name in one two; do
    echo "profile berth-test-$name flags=(attach_disconnected,mediate_deleted) { file, capability, network, mount, umount, pivot_root, signal, ptrace, unix, change_profile, }"
  done | apparmor_parser --replace
  bundle saved
  counter
  config '.process.apparmorProfile = "berth-test-one"'
  start_new saved
  wait_until counted 1
  checkpoint saved
  restore saved
  assert_equal "$(cat "/proc/$(pid_of saved)/attr/current")" 'berth-test-one (enforce)'
  rm -r "$images"
  checkpoint saved
  restore saved --lsm-profile apparmor:berth-test-two
  assert_equal "$(cat "/proc/$(pid_of saved)/attr/current")" 'berth-test-two (enforce)'
  berth delete --force saved
  printf 'profile berth-test-one {}\nprofile berth-test-two {}\n' | apparmor_parser --remove
}

@test "lazy pages: the memory comes after the processes" {
  bundle saved
  counter
  start_new saved
  wait_until counted 3
  mkfifo "$BATS_TEST_TMPDIR/ready"
  mkdir "$images" "$BATS_TEST_TMPDIR/work"
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" checkpoint --image-path "$images" --lazy-pages --page-server 127.0.0.1:27000 --status-fd 9 saved \
    9<> "$BATS_TEST_TMPDIR/ready" 3>&- > "$BATS_TEST_TMPDIR/checkpoint.log" 2>&1 &
  local checkpoint=$!
  timeout 120 head -c 1 "$BATS_TEST_TMPDIR/ready" > /dev/null
  timeout 300 criu lazy-pages --page-server --address 127.0.0.1 --port 27000 -D "$images" -W "$BATS_TEST_TMPDIR/work" > /dev/null 2>&1 3>&- &
  local pages=$!
  wait_until grep -q ' 00010000 .*lazy-pages\.socket$' /proc/net/unix # it listens
  config '.linux.cgroupsPath = "/berth-test-lazy"'
  restore lazy --lazy-pages --work-path "$BATS_TEST_TMPDIR/work"
  local last
  last=$(count)
  wait_until counted $((last + 1))
  wait $pages
  wait $checkpoint || fail "$(< "$BATS_TEST_TMPDIR/checkpoint.log")"
  assert_status lazy running
}

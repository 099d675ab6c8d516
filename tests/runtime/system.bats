#!/usr/bin/env bats
# A Debian with its own systemd in a container: docs/system-containers.md. With limits, in a scope of the host's systemd: vm/suites/system_container.bats.
# bats file_tags=host-only
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper
load ../lib/system

setup_file() {
  mkdir -p "$BATS_FILE_TMPDIR/debian"
  tar -x -C "$BATS_FILE_TMPDIR/debian" --exclude='./dev/*' -f "$("$BATS_TEST_DIRNAME/../lib/debian-root")"
  rm "$BATS_FILE_TMPDIR/debian/etc/hostname"
}

teardown() {
  [[ ! ${booted-} ]] || berth delete --force system
  common_teardown
}

@test "it boots, is what it should be, keeps a journal, takes logins, and halts in order" {
  system_bundle "$BATS_FILE_TMPDIR/debian"
  boot
  wait_up
  run berth exec system sh -c 'systemctl list-units --failed --no-legend; systemctl is-active multi-user.target; cat /proc/1/comm /etc/hostname; uname -n; cat /proc/1/cgroup
    systemd-detect-virt; stat -c "%u %n" /etc /sys/fs/cgroup; touch /etc/made; systemd-run --quiet --wait --pipe --unit=told sh -c "id -u; cat /proc/self/cgroup"'
  assert_success
  assert_contains $'active\nsystemd\n'
  assert_line harbour
  assert_line container-other
  assert_line '0 /etc'
  assert_line '0 /sys/fs/cgroup'
  assert_line 0::/init.scope
  assert_line 0::/system.slice/told.service
  # The image keeps its ids on disk; outside, its processes and its cgroup are of the range.
  assert_equal "$(stat -c %u "$BATS_FILE_TMPDIR/debian/etc/made")" 0
  assert_equal "$(stat -c %u "/proc/$(pid_of system)" /sys/fs/cgroup/berth-test-system/system.slice)" $'524288\n524288'
  run berth exec system sh -c 'logger --tag berth-test "heard you"; journalctl --sync; journalctl --boot --no-pager --output=cat --identifier=berth-test --identifier=systemd'
  assert_line 'heard you'
  assert_contains 'Startup finished in'
  wait_until grep -q 'login: ' "$console"
  halt
  assert_equal "$halted" 130
  run cat "$console"
  assert_contains 'Reached target'
  assert_contains 'systemd-halt.service'
  assert_missing /sys/fs/cgroup/berth-test-system
}

@test "a reboot is told by the status, and it boots again from what it has kept" {
  system_bundle "$BATS_FILE_TMPDIR/debian"
  boot
  wait_up
  # Its end may be faster than that of who asks for it.
  berth exec system sh -c 'echo kept > /var/lib/kept; systemctl reboot' || :
  halted=0
  wait "$booted" || halted=$?
  assert_equal "$halted" 129
  boot
  wait_up
  run berth exec system sh -c 'cat /var/lib/kept; journalctl --list-boots --no-pager | wc -l'
  assert_line kept
  halt
  assert_equal "$halted" 130
}

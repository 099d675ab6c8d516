#!/usr/bin/env bats
# A Debian with its own systemd in a container, as a service of the machine's systemd, with limits on both sides: docs/system-containers.md. What
# needs no limits: runtime/system.bats.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common
load ../../lib/system

# The root file system is the machine's own, with ids of the range, under a layer that takes out what the tests have made of it.
setup_file() {
  layers=$BATS_FILE_TMPDIR/layers
  mkdir -p "$BATS_FILE_TMPDIR"/{machine,layers,root}
  mount --bind -o X-mount.idmap=b:0:524288:65536 / "$BATS_FILE_TMPDIR/machine"
  mount -t tmpfs -o mode=755 layers "$layers"
  mkdir -m 755 "$layers"/{upper,work}
  chown 524288:524288 "$layers"/{upper,work}
  mount -t overlay -o "lowerdir=$BATS_FILE_TMPDIR/machine,upperdir=$layers/upper,workdir=$layers/work" root "$BATS_FILE_TMPDIR/root"
  local etc=$BATS_FILE_TMPDIR/root/etc
  rm -r "$etc"/systemd/{system,system-generators} "$etc/hostname"
  mkdir "$etc/systemd/system"
  chown 524288:524288 "$etc/systemd/system"
}

teardown_file() { umount "$BATS_FILE_TMPDIR"/{root,layers,machine}; }

teardown() {
  systemctl stop harbour.service || :
  rm -f /run/systemd/system/harbour.service
  systemctl daemon-reload
  common_teardown
}

@test "as a service: both systemds agree on the cgroup, and limits of both are felt" {
  system_bundle "$BATS_FILE_TMPDIR/root"
  config 'del(.linux.cgroupsPath) | .mounts |= map(select(.destination != "/")) | .linux.resources = { pids: { limit: 200 }, memory: { limit: 536870912 } }'
  printf '#!/bin/sh\nexec %s --root %s "$@"\n' "$BERTH" "$BATS_TEST_TMPDIR/state" > "$BATS_TEST_TMPDIR/berth"
  chmod 755 "$BATS_TEST_TMPDIR/berth"
  sed -n '/^```ini$/,/^```$/{/^```/!p}' "$top/docs/system-containers.md" |
    sed "s|/usr/bin/berth|$BATS_TEST_TMPDIR/berth|; s|/srv/harbour harbour|$bundle system|; s|kill harbour|kill system|" > /run/systemd/system/harbour.service
  grep -q "run --bundle $bundle system" /run/systemd/system/harbour.service
  systemctl daemon-reload
  systemctl start harbour.service
  WAIT=300 wait_until is_up
  local group=/sys/fs/cgroup/system.slice/berth-system.scope
  assert_equal "$(systemctl show --property Delegate --value berth-system.scope)" yes
  assert_equal "$(stat -c '%u' "$group" "$group/memory.max" | xargs)" '524288 0'
  assert_equal "$(< "$group/pids.max")" 200
  # Limits of a service in there, which its systemd sets.
  run berth exec system systemd-run --quiet --wait --pipe --property MemoryMax=30M --property MemorySwapMax=0 --property TasksMax=10 \
    sh -c 'cd /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup) && cat memory.max pids.max; head -c 60m /dev/zero | tail -n 1 > /dev/null'
  assert_failure
  assert_line 31457280
  assert_line 10
  # The container's own are out of its reach, and can be changed from here.
  run berth exec system sh -c 'echo max > /sys/fs/cgroup/memory.max'
  assert_error 'Permission denied'
  berth update --pids-limit 150 --memory 400M system
  assert_equal "$(< "$group/pids.max") $(< "$group/memory.max")" '150 419430400'
  run berth exec system sh -c 'journalctl --sync; systemctl is-active multi-user.target; journalctl --boot --no-pager --output=cat --identifier=systemd'
  assert_success
  assert_line active
  assert_contains 'Startup finished in'
  systemctl stop harbour.service
  # It has halted, and was not killed: that would have left a failed unit.
  assert_equal "$(systemctl show --property ActiveState --value harbour.service)" inactive
  journalctl --sync
  run journalctl --unit harbour.service --output cat --no-pager
  assert_line 'harbour.service: Deactivated successfully.'
  assert_equal "$(systemctl show --property LoadState --value berth-system.scope)" not-found
  assert_missing "$group"
}

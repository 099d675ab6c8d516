#!/usr/bin/env bats
# Labels of AppArmor and SELinux that cannot be given: an error, and no process without them. (tests/vm/suites/apparmor.bats has those
# that can.)
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# A profile that no host has loaded, a context of no policy.
profile=berth-test-none
context=berth:test:none_t:s0

nothing_ran() { assert_missing "$bundle/rootfs/ran"; }

@test "a profile or label that is not to be had: run, create" {
  bundle one
  script 'touch /ran'
  local command
  for command in run create; do
    config 'del(.process.selinuxLabel) | .process.apparmorProfile = $p' --arg p $profile
    run berth $command --bundle "$bundle" one
    assert_error /process/apparmorProfile $profile
    config 'del(.process.apparmorProfile) | .process.selinuxLabel = $c' --arg c $context
    run berth $command --bundle "$bundle" one
    assert_error /process/selinuxLabel $context
    assert_status one none
  done
  config 'del(.process.selinuxLabel) | .linux.mountLabel = $c' --arg c $context
  refused /linux/mountLabel
  nothing_ran
}

@test "a profile or label that is not to be had: exec" {
  bundle one
  script 'sleep 1000'
  start_new one
  run berth exec --apparmor $profile one touch /ran
  assert_failure 255
  assert_contains "/process/apparmorProfile: "
  run berth exec --process-label $context one touch /ran
  assert_failure 255
  assert_contains "/process/selinuxLabel: "
  jq '.process | .args = ["touch", "/ran"] | .apparmorProfile = $p' --arg p $profile "$bundle/config.json" > "$BATS_TEST_TMPDIR/process"
  run berth exec --process "$BATS_TEST_TMPDIR/process" one
  assert_failure 255
  assert_contains "/process/apparmorProfile: "
  nothing_ran
}

# What says that there is AppArmor is a file, what gives the label is the kernel: when only the former is there, it is an error all the same.
@test "a host that only seems to have AppArmor" {
  bundle one
  script 'touch /ran'
  config '.process.apparmorProfile = $p' --arg p $profile
  run unshare --mount sh -c '
    mount -t tmpfs t /sys/module && mkdir -p /sys/module/apparmor/parameters && echo Y > /sys/module/apparmor/parameters/enabled &&
    exec "$@"' - "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one 3>&-
  assert_error /process/apparmorProfile $profile
  nothing_ran
}

#!/usr/bin/env bats
# A container as a unit of Type=notify, with the machine's systemd.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common

setup() {
  common_setup
  bundle service
  cp "$(static_program notify "$top/tests/runtime/notify.c")" "$bundle/rootfs/bin/notify"
}

teardown() {
  systemctl stop berth-test-notify 2> /dev/null || :
  systemctl reset-failed berth-test-notify 2> /dev/null || :
  common_teardown
}

unit() { systemctl show --value --property "$1" berth-test-notify; } # PROPERTY

# systemd-run returns when the unit is ready.
service() { # ARG...: of berth
  systemd-run --quiet --unit berth-test-notify --property Type=notify "${properties[@]}" -- \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&-
}

@test "run: the unit is active once the container is ready, shows its status, and ends with it" {
  properties=()
  script 'notify STATUS=loading; until [ -e /run/on ]; do sleep 0.1; done; notify "$(printf "READY=1\nSTATUS=at work")"; exec sleep 1000'
  service run --bundle "$bundle" service &
  local started=$!
  wait_until eval '[[ $(unit StatusText) = loading ]]'
  assert_equal "$(unit ActiveState)" activating
  : > "$bundle/rootfs/run/on"
  wait $started
  assert_equal "$(unit ActiveState) $(unit StatusText)" 'active at work'
  assert_equal "$(ps -o comm= -p "$(unit MainPID)")" berth
  berth kill service KILL
  wait_until eval '[[ $(unit ActiveState) = failed ]]'
  assert_equal "$(unit ExecMainStatus)" 137
  wait_until assert_status service none
}

@test "a detached run: the unit lives as long as the container" {
  properties=(--property NotifyAccess=all)
  script 'notify READY=1; until [ -e /run/on ]; do sleep 0.1; done'
  service run --detach --bundle "$bundle" service
  assert_equal "$(unit ActiveState) $(unit MainPID)" "active $(pid_of service)"
  : > "$bundle/rootfs/run/on"
  wait_until eval '[[ $(unit ActiveState) = inactive || -z $(unit ActiveState) ]]'
  assert_status service stopped
}

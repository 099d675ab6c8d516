#!/usr/bin/env bats
# Network bandwidth as tests/net has it, at the rates that an emulated machine can reach, with both managers.
# bats file_tags=timing
# shellcheck disable=SC2154 # bundle and inside come from the helpers
load ../../lib/common
load ../../net/helper

setup() { common_setup; }
teardown() {
  if [[ ${outside-} ]]; then net_end; fi
  common_teardown
}

for_way_and_streams() { # RATE ID
  local way
  for way in egress ingress; do
    assert_rate "$1" "$2" $way 1 || return
    assert_rate "$1" "$2" $way 4 -6 || return
  done
}

@test "1 Mbit/s" {
  net_begin
  limited slow egress=1M ingress=1M
  SECONDS_MEASURED=8 for_way_and_streams 1000000 slow
}

@test "10 Mbit/s, in the host's network namespace" {
  net_begin host
  limited host egress=10M ingress=10M
  for_way_and_streams 10000000 host
}

@test "changed from 1 to 40 Mbit/s and back to 5" {
  net_begin
  limited live egress=1M ingress=1M
  for rate in 40 5; do
    limit live egress ${rate}M
    limit live ingress ${rate}M
    for_way_and_streams ${rate}000000 live
  done
}

@test "UDP" {
  net_begin
  limited udp egress=2M ingress=2M
  assert_rate 2000000 udp egress 1 -u 6000000
  assert_rate 2000000 udp ingress 1 -u 6000000 -6
}

@test "a scope of systemd keeps its limit when systemd reloads" {
  net_begin
  berth() { "$BERTH" --root "$BATS_TEST_TMPDIR/state" --systemd-cgroup "$@" 3>&-; }
  also='.linux.cgroupsPath = "berth-test.slice:unit:scope"' limited scope egress=5M
  assert_rate 5000000 scope egress 2
  systemctl daemon-reload
  assert_rate 5000000 scope egress 2
  berth delete --force scope
  systemctl stop berth.slice
}

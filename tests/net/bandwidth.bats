#!/usr/bin/env bats
# Network bandwidth: annotations, and what they do to TCP and UDP.
# shellcheck disable=SC2154 # bundle and inside come from the helpers
load ../lib/common
load helper

setup() { common_setup; }
teardown() {
  if [[ ${outside-} ]]; then net_end; fi
  common_teardown
}

# What is passed and dropped, without a look at the clock -----------------------

listens_udp() { nsenter --net="$inside" grep -q ':0009 ' /proc/net/udp; }

@test "a burst passes and the rest is dropped, of what is sent and of what is received" {
  net_begin
  # 1228 bytes, or 10 s, a datagram: five make a burst of 6200 bytes full.
  limited slow egress=1k,burst=6200 ingress=1k,burst=6200
  berth exec slow traffic pour -u 10000000 10.9.9.2 9 1 0.2
  run counters slow egress
  assert_matches '^1000 6200 6140 5 [0-9]+ [1-9][0-9]*$'
  berth exec slow traffic sink -u 9 0 1 > "$BATS_TEST_TMPDIR/rate" &
  wait_until listens_udp
  outside "$(traffic_program)" pour -u 10000000 10.9.9.1 9 1 0.2
  wait $!
  run counters slow ingress
  assert_matches '^1000 6200 6140 5 [0-9]+ [1-9][0-9]*$'
}

@test "what the container says to itself is not limited" {
  net_begin
  limited self egress=1k,burst=6200 ingress=1k,burst=6200
  berth exec self traffic sink 5000 0 0.1 > "$BATS_TEST_TMPDIR/rate" &
  berth exec self traffic pour 127.0.0.1 5000 2 1
  wait $!
  (($(< "$BATS_TEST_TMPDIR/rate") > 1000000)) || fail "$(< "$BATS_TEST_TMPDIR/rate") bits a second"
  run limit self
  assert_line "egress 1000 6200 0 0 0 0"
  assert_line "ingress 1000 6200 0 0 0 0"
}

@test "a container without the annotations has no programs" {
  net_begin host
  limited free
  run limit free
  assert_error "no limits"
  [ "$(measure free egress 1)" -gt 0 ]
}

@test "what is no bandwidth is refused with the name of the annotation" {
  bundle wrong
  config '.annotations["org.berth.network.egress"] = "10x"'
  run berth create --bundle "$bundle" wrong
  assert_error '/annotations/org.berth.network.egress: "10x": '
  assert_status wrong none
}

# How exact it is -----------------------------------------------------------------

# bats test_tags=timing
@test "TCP runs at the rate, both ways, one stream and several" {
  net_begin
  limited tcp egress=10M ingress=10M
  for way in egress ingress; do
    assert_rate 10000000 tcp $way 1
    assert_rate 10000000 tcp $way 4 -6
  done
}

# bats test_tags=timing
@test "the rate holds in the host's network namespace, too" {
  net_begin host
  limited host egress=20M ingress=20M
  assert_rate 20000000 host egress 2
  assert_rate 20000000 host ingress 2
}

# bats test_tags=timing
@test "1 Mbit/s" {
  net_begin
  limited slow egress=1M ingress=1M
  # A single send may take half a second.
  SECONDS_MEASURED=8 assert_rate 1000000 slow egress 1
  SECONDS_MEASURED=8 assert_rate 1000000 slow ingress 1
}

# bats test_tags=timing
@test "a changed limit holds at once, up to 1 Gbit/s" {
  net_begin
  limited live egress=1M ingress=1M
  for rate in 30 1000; do
    for way in egress ingress; do
      limit live $way ${rate}M
      assert_rate ${rate}000000 live $way 2
    done
  done
}

# bats test_tags=timing
@test "UDP loses what is beyond the rate" {
  net_begin
  limited udp egress=5M ingress=5M
  assert_rate 5000000 udp egress 1 -u 15000000
  assert_rate 5000000 udp ingress 1 -u 15000000 -6
}

# bats test_tags=timing
@test "a socket that sets its own pace gains nothing" {
  net_begin
  limited hostile egress=10M
  got=$(measure hostile egress 4 -p 10000000000)
  ((got > 1000000 && got < 11000000)) || fail "$got bits a second"
}

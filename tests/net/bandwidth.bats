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
  # A thousand times the limit, some time or other: nobody knows when this machine lets them run.
  is_fast() {
    berth exec self traffic sink 5000 0 0.1 > "$BATS_TEST_TMPDIR/rate" &
    berth exec self traffic pour 127.0.0.1 5000 2 1
    wait $!
    (($(< "$BATS_TEST_TMPDIR/rate") > 1000000)) || fail "$(< "$BATS_TEST_TMPDIR/rate") bits a second"
  }
  wait_until is_fast
  assert_equal "$(counters self egress), $(counters self ingress)" "1000 6200 0 0 0 0, 1000 6200 0 0 0 0"
}

@test "a container without the annotations has no programs" {
  net_begin host
  limited free
  assert_equal "$(counters free egress), $(counters free ingress)" "none, none"
  assert_equal "$(programs free)" ""
  passes() { [ "$(measure free egress 1)" -gt 0 ]; }
  SETTLE=0 SECONDS_MEASURED=1 wait_until passes
}

@test "what is no bandwidth is refused with the name of the annotation" {
  bundle wrong
  config '.annotations["org.berth.network.egress"] = "10x"'
  run berth create --bundle "$bundle" wrong
  assert_error '/annotations/org.berth.network.egress: "10x": '
  assert_status wrong none
}

# Changed live --------------------------------------------------------------------

annotations() { berth state "$1" | jq -r '.annotations | "\(.["org.berth.network.egress"]), \(.["org.berth.network.ingress"])"'; } # ID

@test "update: a limit where there was none, another, and none again" {
  net_begin
  limited live
  berth update --net-egress 1k,burst=6200 live
  assert_equal "$(programs live)" "ingress egress sock_ops"
  berth exec live traffic pour -u 10000000 10.9.9.2 9 1 0.2
  run counters live egress
  assert_matches '^1000 6200 6140 5 [0-9]+ [1-9][0-9]*$'
  run counters live ingress
  assert_matches '^max - [0-9]+ [0-9]+ 0 0$'
  assert_equal "$(annotations live)" "1k,burst=6200, null"
  # The one way leaves the other; what was counted stays.
  berth update --net-ingress 20Mbit live
  assert_equal "$(annotations live)" "1k,burst=6200, 20M"
  run counters live egress
  assert_matches '^1000 6200 6140 5 '
  run counters live ingress
  assert_matches '^20000000 1000000 '
  berth update --net-egress max live
  assert_equal "$(annotations live)" "max, 20M"
  berth exec live traffic pour -u 1000000 10.9.9.2 9 1 0.2
  run counters live egress
  assert_matches '^max - [0-9]{5,} [0-9]+ [0-9]+ [1-9][0-9]*$'
}

@test "update: annotations of the create are changed, others stay" {
  net_begin
  also='.annotations.other = "x"' limited live egress=100M
  assert_equal "$(annotations live)" "100M, null"
  berth update --net-egress 0.5Gbps,burst=1MiB --net-ingress 10M,burst=128Ki live
  assert_equal "$(annotations live)" "500M,burst=1Mi, 10M,burst=128Ki"
  assert_equal "$(berth list --format json | jq -r '.[0].annotations | [.other, length] | join(" ")')" "x 3"
  berth pause live
  berth update --net-egress 1M live
  berth resume live
  assert_equal "$(annotations live)" "1M, 10M,burst=128Ki"
}

@test "update: with other limits, all or none" {
  net_begin
  limited both
  berth update --net-egress 5M --resources - both <<< '{"unified": {"cgroup.max.depth": "5"}}'
  assert_cgroup both cgroup.max.depth 5
  assert_equal "$(counters both egress)" "5000000 250000 0 0 0 0"
  run berth update --net-egress 1M --net-ingress 1M -r - both \
    <<< '{"unified": {"cgroup.max.depth": "7", "cgroup.max.descendants": "x"}}'
  assert_error "cgroup.max.descendants"
  assert_cgroup both cgroup.max.depth 5
  assert_equal "$(counters both egress), $(counters both ingress)" "5000000 250000 0 0 0 0, max - 0 0 0 0"
  assert_equal "$(annotations both)" "5M, null"
  berth delete --force both

  # The programs that were attached for it go, too.
  limited none
  run berth update --net-egress 1M -r - none <<< '{"unified": {"cgroup.max.depth": "x"}}'
  assert_error "cgroup.max.depth"
  assert_equal "$(programs none), $(annotations none)" ", null, null"
}

@test "update: two at once do not undo each other" {
  net_begin
  limited both
  local i other
  for i in {1..8}; do
    berth update --net-egress "${i}M" both &
    other=$!
    berth update --net-ingress "${i}M" both
    wait $other
    assert_equal "$(annotations both)" "${i}M, ${i}M"
  done
  assert_equal "$(counters both egress), $(counters both ingress)" "8000000 400000 0 0 0 0, 8000000 400000 0 0 0 0"
}

@test "update: what is no bandwidth is refused with the name of the option" {
  local text
  for text in 10x 999 -1 1k,burst=0 '100M,' 100M,burst= 1e6 2000T 'max,burst=1k'; do
    run berth update --net-egress "$text" nothing
    assert_error "berth update: --net-egress: \"$text\": must be bits a second"
    run berth update --net-ingress "$text" nothing
    assert_error "berth update: --net-ingress: \"$text\": must be bits a second"
  done
}

@test "a group below the container's is held to the same limit" {
  net_begin
  limited nested egress=1k,burst=6200
  mkdir "$(cgroup_of nested)/sub"
  berth exec --cgroup sub nested traffic pour -u 10000000 10.9.9.2 9 1 0.2
  run counters nested egress
  assert_matches '^1000 6200 6140 5 [0-9]+ [1-9][0-9]*$'
}

# As top shows it -----------------------------------------------------------------

network_of() { jq -c '.[0].network | [.source, .sentBitsPerSecond > 1000]' "$1"; } # FILE

@test "top: what a limit has counted, or else the devices" {
  net_begin
  limited free
  limited counted egress=max
  local id source=interfaces
  shows() { berth top --once --format json "$1" > "$BATS_TEST_TMPDIR/top" && assert_equal "$(network_of "$BATS_TEST_TMPDIR/top")" "[\"$2\",true]"; }
  for id in free counted; do
    berth exec --detach --pid-file "$BATS_TEST_TMPDIR/pour" "$id" traffic pour -u 1000000 10.9.9.2 9 1 1000
    wait_until shows "$id" $source
    kill "$(< "$BATS_TEST_TMPDIR/pour")"
    source=limits
  done
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

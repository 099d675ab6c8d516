#!/usr/bin/env bats
# Capabilities, as the kernel reports them: exactly those of the configuration, whatever the caller has.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# As a service manager or an earlier runtime might start it.
endowed_berth() {
  local inherited=+chown,+dac_override,+kill,+setuid,+net_admin,+net_raw
  setpriv --inh-caps=$inherited --ambient-caps=$inherited -- "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&- < /dev/null
}

sets() { # OF `attack caps`: INHERITABLE PERMITTED EFFECTIVE BOUNDING AMBIENT
  assert_success && assert_equal "$(awk '{ sub(/^0*/, "", $2); print $2 ? $2 : "0" }' <<< "$output" | xargs)" "$*"
}

engines=a80425fb # those of base-config.json

@test "CVE-2022-24769: without asking, none are inheritable or ambient" {
  bundle one
  install_attack
  args attack caps
  run endowed_berth run --bundle "$bundle" one
  sets 0 $engines $engines $engines 0
  config '.process.user = { uid: 1000, gid: 1000 }'
  run endowed_berth run --bundle "$bundle" one
  sets 0 0 0 $engines 0
  user_namespace
  config '.process.user = { uid: 0, gid: 0 }'
  run endowed_berth run --bundle "$bundle" one
  sets 0 $engines $engines $engines 0
}

@test "CVE-2022-29162, CVE-2022-27650, CVE-2025-27612: nor for exec, with capabilities added or without" {
  bundle one
  install_attack
  script 'sleep 1000'
  start_new one
  run endowed_berth exec one attack caps
  sets 0 $engines $engines $engines 0
  run endowed_berth exec --user 1000:1000 one attack caps
  sets 0 0 0 $engines 0
  run endowed_berth exec --cap NET_ADMIN one attack caps
  sets 0 a80435fb a80435fb a80435fb 0
  run endowed_berth exec --cap NET_ADMIN --user 1000:1000 one attack caps
  sets 0 0 0 a80435fb 0
  echo '{ "cwd": "/", "user": { "uid": 0, "gid": 0 }, "args": ["attack", "caps"], "env": ["PATH=/bin"] }' > "$BATS_TEST_TMPDIR/process"
  run endowed_berth exec --process "$BATS_TEST_TMPDIR/process" one
  sets 0 $engines $engines $engines 0
  echo '{ "cwd": "/", "user": { "uid": 0, "gid": 0 }, "args": ["attack", "caps"], "env": ["PATH=/bin"], "capabilities": {} }' \
    > "$BATS_TEST_TMPDIR/process"
  run endowed_berth exec --process "$BATS_TEST_TMPDIR/process" one
  sets 0 0 0 0 0
}

@test "what is asked for is exactly what there is" {
  bundle one
  install_attack
  config '.process.capabilities |= (.inheritable = ["CAP_CHOWN", "CAP_KILL"] | .ambient = ["CAP_KILL"])'
  args attack caps
  run endowed_berth run --bundle "$bundle" one
  sets 21 $engines $engines $engines 20
  config '.process.user = { uid: 1000, gid: 1000 }'
  run endowed_berth run --bundle "$bundle" one
  sets 21 20 20 $engines 20
  script 'sleep 1000'
  start_new one
  run endowed_berth exec one attack caps
  sets 21 20 20 $engines 20
  run endowed_berth exec --user 0:0 one attack caps
  sets 21 $engines $engines $engines 20
}

# What made the empty set matter: a program of the image's may take from its user's inheritable set.
@test "CVE-2022-24769: a program with inheritable capabilities of its own gains none" {
  bundle one
  install_attack
  cp "$bundle/rootfs/bin/attack" "$bundle/rootfs/bin/heir"
  python3 -c '
import os, struct, sys
os.setxattr(sys.argv[1], "security.capability", struct.pack("<5I", 0x02000001, 0, 0xffffffff, 0, 0xffffffff))' "$bundle/rootfs/bin/heir"
  config '.process.noNewPrivileges = false | .process.user = { uid: 1000, gid: 1000 }'
  args heir caps
  run endowed_berth run --bundle "$bundle" one
  sets 0 0 0 $engines 0
  # The program is what it is said to be.
  config '.process.capabilities.inheritable = ["CAP_NET_RAW"]'
  run endowed_berth run --bundle "$bundle" one
  sets 2000 2000 2000 $engines 0
}

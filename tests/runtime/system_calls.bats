#!/usr/bin/env bats
# How many system calls a start takes: what a run of a no-op in the minimal bundle of tests/bench makes, in all processes.
load helper

# What it takes (tests/bench/run calls), and a few for another kernel or C library. Whoever takes away calls lowers them.
parent_ceiling=216
children_ceiling=203

# In a /run of its own: longer paths take more calls. Prints the number for each process.
count_calls() (
  trap - DEBUG
  # shellcheck disable=SC2016,SC2154 # for the inner shell; common.bash
  exec unshare --mount bash -euc '
    mount -t tmpfs tmpfs /run
    mkdir -p /run/state /run/bundle/rootfs/{dev,proc,sys}
    cp "$2" /run/berth
    gcc -nostdlib -static -o /run/bundle/rootfs/nop "$1/tests/bench/nop.S"
    jq -c ".linux.cgroupsPath = \"/berth-test-calls\"" "$1/tests/bench/minimal.json" > /run/bundle/config.json
    exec python3 "$1/tests/bench/system_calls.py" /run/berth --root /run/state run --bundle /run/bundle calls' calls "$top" "$BERTH" 3>&-
)

# bats test_tags=host-only
@test "a run of the minimal bundle takes no more system calls than it should" {
  local counts parent children
  # A call that is made again, since another process was not as far, is the scheduler's; not every time.
  for _ in {1..10}; do
    counts=$(count_calls)
    read -r parent children <<< "$counts"
    children=$((${children// /+}))
    ((parent > parent_ceiling || children > children_ceiling)) || break
  done
  ((parent <= parent_ceiling)) || fail "berth makes $parent system calls; $parent_ceiling are allowed"
  ((children <= children_ceiling)) || fail "its children make $children system calls; $children_ceiling are allowed"
  ((parent > 20 && children > 20)) || fail "$counts: too few to be true"
}

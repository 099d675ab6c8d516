#!/usr/bin/env bats
# The same resources given to berth and to Debian 13's crun and runc are the same files of the container's group, under both cgroup
# managers. Every difference is explained in known().
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common
shopt -s extglob

setup() {
  common_setup
  bundle limits
  disk=$(< /sys/block/nvme0n1/dev)
  manager=()
}

teardown() {
  local peer
  for peer in crun runc; do
    [[ ! -d $BATS_TEST_TMPDIR/state-$peer/limits-$peer ]] || "$peer" --root "$BATS_TEST_TMPDIR/state-$peer" "${manager[@]}" delete --force "limits-$peer"
  done
  common_teardown
  systemctl stop berth.slice 2> /dev/null || :
}

# What differs, and why: peer, file, the peer's value, ours.
known() {
  local peer file tasks
  tasks=$(systemctl show --value --property DefaultTasksMax)
  cat << END
crun|cpu.weight|79;|174;|the straight line of old; all go by a curve now, on which the default of 1024 shares is the default of 100
crun|cpu.weight.nice|1;|-2;|the same in other words
crun|create zero|fails;||obeys a memory limit of 0, which ends the container; runc and we take it for none
crun|pids.max|max;|0;|takes a limit of 0 for none, as did the specification before 1.3
runc|pids.max|max;|0;|the same
runc|pids.max|$tasks;|0;|the same, and see the next
runc|pids.max|$tasks;|max;|leaves systemd's own limit, which the configuration did not ask for
runc|cpu.idle|0;|1;|does not know it yet
runc|cpu.weight|100;|1;|of an idle group
runc|cpu.weight.nice|0;|19;|the same in other words
runc|cpu.max.burst|0;|10000;|does not know it yet
runc|cpu.weight|79;|174;|the straight line of old
runc|cpu.weight.nice|1;|-2;|the same in other words
crun|hugetlb.2MB.rsvd.max|max;|4194304;|limits pages in use alone; runc and we those that are reserved, too, so that mmap fails and not an access
END
  for peer in crun runc; do
    for file in hugetlb.{1GB,2MB}.{,rsvd.}max; do
      echo "$peer|$file|max;||has every controller enabled; we have those that are needed, or read by engines"
    done
  done
}

# All of a group's files that say what was set, with their values.
settings() ( # GROUP
  trap - DEBUG
  cd "$1" || exit
  grep -sH -d skip '' !(*.stat|*.stat.local|*.events|*.events.local|*.current|*.peak|*.pressure|*.numa_stat|memory.reclaim|cgroup.@(procs|threads|kill|controllers|subtree_control|type)) || :
)

settings_under() { # RUNTIME: its settings to $BATS_TEST_TMPDIR/RUNTIME
  local group run=("$1" --root "$BATS_TEST_TMPDIR/state-$1" "${manager[@]}")
  if [[ $1 = berth ]]; then run[0]=$BERTH; fi
  if ! "${run[@]}" create --bundle "$bundle" --pid-file "$BATS_TEST_TMPDIR/pid" "limits-$1" < /dev/null > "$BATS_TEST_TMPDIR/$1.log" 2>&1 3>&-; then
    [[ $1 != berth ]] || fail "$(< "$BATS_TEST_TMPDIR/berth.log")" || return
    echo create:fails > "$BATS_TEST_TMPDIR/$1"
    return
  fi
  group=$(sed -n 's/^0:://p' "/proc/$(< "$BATS_TEST_TMPDIR/pid")/cgroup")
  settings "/sys/fs/cgroup$group" > "$BATS_TEST_TMPDIR/$1"
  "${run[@]}" delete --force "limits-$1" 3>&-
  # The next one has the same unit: a peer may not wait for systemd to have forgotten it.
  if ((${#manager[@]})); then wait_until eval '[[ $(systemctl show --value --property LoadState unit-limits.scope) = not-found ]]'; fi
}

differences() { # CASE PEER: "CASE|PEER|FILE|theirs|ours" for each file
  awk -v name="$1" -v peer="$2" '
    { file = $0; sub(/:.*/, "", file); value = $0; sub(/^[^:]*:/, "", value); files[file] }
    FILENAME == ARGV[1] { theirs[file] = theirs[file] value ";"; next }
    { ours[file] = ours[file] value ";" }
    END { if ("create" in theirs) print name "|" peer "|create " name "|" theirs["create"] "|"
      else for (file in files) if (theirs[file] != ours[file]) print name "|" peer "|" file "|" theirs[file] "|" ours[file] }
  ' "$BATS_TEST_TMPDIR/$2" "$BATS_TEST_TMPDIR/berth" | sort
}

same() { # CASE RESOURCES
  local peer
  config '.linux.resources = $r + { devices: [{ allow: false, access: "rwm" }] }' --argjson r "$2"
  settings_under berth
  for peer in crun runc; do
    settings_under $peer
    differences "$1" $peer
  done
}

cases() {
  jq -nc --arg disk "$disk" '($disk | split(":") | map(tonumber) | { major: .[0], minor: .[1] }) as $disk |
    ["all", {
      memory: { limit: 134217728, reservation: 67108864, swap: 268435456 },
      cpu: { shares: 2048, quota: 50000, period: 100000, cpus: "1", mems: "0" },
      pids: { limit: 64 },
      blockIO: {
        weight: 500,
        throttleReadBpsDevice: [$disk + { rate: 1048576 }], throttleWriteBpsDevice: [$disk + { rate: 2097152 }],
        throttleReadIOPSDevice: [$disk + { rate: 300 }], throttleWriteIOPSDevice: [$disk + { rate: 400 }]
      },
      hugepageLimits: [{ pageSize: "2MB", limit: 4194304 }],
      unified: { "memory.high": "104857600", "cgroup.max.depth": "5" }
    }],
    ["unlimited", { memory: { limit: -1 }, cpu: { quota: -1 }, pids: { limit: -1 } }],
    ["swap -1", { memory: { limit: 67108864, swap: -1 }, cpu: { period: 50000 }, pids: { limit: 0 } }],
    ["least", { memory: { limit: 33554432, swap: 33554432 }, cpu: { shares: 2, quota: 1000, period: 1000 }, pids: { limit: 1 }, blockIO: { weight: 10 } }],
    ["most", { cpu: { shares: 262144, quota: 1000000, period: 1000000, cpus: "0-1" }, blockIO: { weight: 1000 }, pids: { limit: 4194304 } }],
    ["zero", { memory: { limit: 0, reservation: 0, swap: 0 }, cpu: { shares: 0, quota: 0, period: 0, cpus: "", mems: "" }, blockIO: { weight: 0 } }],
    ["burst, idle", { cpu: { idle: 1, quota: 40000, burst: 10000 } }],
    ["unified", { memory: { limit: 67108864 }, unified: { "memory.max": "50331648", "cpu.weight": "77", "pids.max": "30", "memory.min": "4096", "io.max": "\($disk.major):\($disk.minor) rbps=4096" } }],
    ["none", {}]'
}

compare() { # CASE...
  local name resources
  known > "$BATS_TEST_TMPDIR/known"
  cases | jq -r '[.[0], (.[1] | tojson)] | @tsv' > "$BATS_TEST_TMPDIR/cases"
  for name; do
    resources=$(awk -F'\t' -v name="$name" '$1 == name { print $2 }' "$BATS_TEST_TMPDIR/cases")
    [[ $resources ]]
    same "$name" "$resources"
  done > "$BATS_TEST_TMPDIR/differences"
  run awk -F'|' 'NR == FNR { known[$1, $2, $3, $4]; next } !(($2, $3, $4, $5) in known)' "$BATS_TEST_TMPDIR/known" "$BATS_TEST_TMPDIR/differences"
  assert_output ''
}

under_systemd() {
  manager=(--systemd-cgroup)
  config '.linux.cgroupsPath = "berth-test.slice:unit:limits"'
}

few=(all least) more=(unlimited 'swap -1' most zero 'burst, idle' unified none)

@test "cgroupfs: the same files" { compare "${few[@]}"; }
@test "systemd: the same files" { under_systemd && compare "${few[@]}"; }
# bats test_tags=timing
@test "cgroupfs: the same files, more cases" { compare "${more[@]}"; }
# bats test_tags=timing
@test "systemd: the same files, more cases" { under_systemd && compare "${more[@]}"; }

#!/usr/bin/env bats
# Limits as a workload feels them, under both cgroup managers. That the kernel has the values is in cgroup-limits and cgroup-systemd.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load ../../lib/common

setup() {
  common_setup
  manager=()
}

teardown() {
  common_teardown
  systemctl stop berth.slice 2> /dev/null || :
}

berth() { "$BERTH" --root "$BATS_TEST_TMPDIR/state" "${manager[@]}" "$@" 3>&-; }

place() { # MANAGER NAME [RESOURCES]: bundle NAME, for a group under that manager
  bundle "$2"
  if [[ $1 = systemd ]]; then
    manager=(--systemd-cgroup)
    config '.linux.cgroupsPath = "berth-test.slice:unit:\($name)"' --arg name "$2"
  fi
  config '.linux.resources += $r' --argjson r "${3-{\}}"
}

# CPU time that groups use in some seconds, in microseconds: used[0], used[1] …; wall is the real time. Without a program in
# between, since here each takes longer than what is measured. When the host takes an emulated CPU away, the time is charged to
# whoever ran: what is looked for must be seen in one of some measurements, and cannot be in any of them without the limit.
measure_cpu() { # SECONDS GROUP...
  local seconds=$1 i key value begin
  shift
  used=()
  begin=${EPOCHREALTIME/./}
  for ((i = 1; i <= $#; i++)); do read -r key value < "${!i}/cpu.stat" && used+=("$value"); done
  sleep "$seconds"
  for ((i = 1; i <= $#; i++)); do read -r key value < "${!i}/cpu.stat" && used[i - 1]=$((value - used[i - 1])); done
  wall=$((${EPOCHREALTIME/./} - begin))
  echo "used ${used[*]} of $wall"
  [[ $key = usage_usec ]]
}

within() { (($1 * 100 >= $2 * (100 - $3) && $1 * 100 <= $2 * (100 + $3))); } # VALUE EXPECTED PERCENT

# A CPU hog gets its quota within 5 % ------------------------------------------

quota_is_felt() { # GROUP PERCENT
  for _ in {1..12}; do
    measure_cpu 5 "$1"
    ! within "${used[0]}" $((wall * $2 / 100)) 5 || return 0
  done
  fail "not the quota, every time"
}

quota() { # MANAGER
  place "$1" hog '{ "cpu": { "quota": 30000, "period": 100000 } }'
  script 'while :; do :; done'
  start_new hog
  quota_is_felt "$(cgroup_of hog)" 30
  # Live, too.
  berth update --cpu-quota 20000 --cpu-period 50000 hog
  quota_is_felt "$(cgroup_of hog)" 40
}

# bats test_tags=timing
@test "CPU quota, cgroupfs" { quota cgroupfs; }
# bats test_tags=timing
@test "CPU quota, systemd" { quota systemd; }

# Two hogs share by weight within 10 % -----------------------------------------

weight() { # MANAGER
  place "$1" heavy '{ "cpu": { "shares": 1024, "cpus": "1" } }'
  script 'while :; do :; done'
  start_new heavy
  place "$1" light '{ "cpu": { "shares": 256, "cpus": "1" } }'
  script 'while :; do :; done'
  start_new light
  assert_cgroup heavy cpu.weight 100
  assert_cgroup light cpu.weight 35
  groups=("$(cgroup_of heavy)" "$(cgroup_of light)")
  for _ in {1..12}; do
    measure_cpu 6 "${groups[@]}"
    ! within "${used[0]}" $((used[1] * 100 / 35)) 10 || return 0
  done
  fail "not their shares, every time"
}

# bats test_tags=timing
@test "CPU weight, cgroupfs" { weight cgroupfs; }
# bats test_tags=timing
@test "CPU weight, systemd" { weight systemd; }

# An idle group gets what others leave -----------------------------------------

idle() { # MANAGER
  place "$1" busy '{ "cpu": { "cpus": "1" } }'
  script 'while :; do :; done'
  start_new busy
  place "$1" idle '{ "cpu": { "idle": 1, "cpus": "1" } }'
  script 'while :; do :; done'
  start_new idle
  groups=("$(cgroup_of busy)" "$(cgroup_of idle)")
  for _ in {1..6}; do
    measure_cpu 5 "${groups[@]}"
    ((used[0] <= 20 * used[1])) || return 0
  done
  fail "as much for the idle one, every time"
}

# bats test_tags=timing
@test "CPU idle, cgroupfs" { idle cgroupfs; }
# bats test_tags=timing
@test "CPU idle, systemd" { idle systemd; }

# Hogs stay on their CPUs --------------------------------------------------------

cpus() { # MANAGER
  place "$1" pinned '{ "cpu": { "cpus": "1" } }'
  script 'for i in 1 2 3; do while :; do :; done & done; wait'
  start_new pinned
  group=$(cgroup_of pinned)
  local pid stat cpu seen=0
  wait_until eval "((\$(wc -l < $group/cgroup.procs) == 4))"
  for cpu in 1 0; do
    for _ in 1 2 3 4; do
      for pid in $(< "$group/cgroup.procs"); do
        read -r stat < "/proc/$pid/stat"
        read -r -a stat <<< "${stat##*) }"
        [[ ${stat[0]} != R ]] || { assert_equal "CPU ${stat[36]}" "CPU $cpu"; seen=$((seen + 1)); }
      done
    done
    ((cpu == 0)) || { berth update --cpuset-cpus 0 pinned; sleep 0.5; }
  done
  ((seen >= 8)) || fail "only $seen looks at a running hog"
}

@test "CPU set, cgroupfs" { cpus cgroupfs; }
@test "CPU set, systemd" { cpus systemd; }

# Memory beyond the limit is an OOM kill, seen in events, and only in the container

told() { grep -q "$1" "$BATS_TEST_TMPDIR/events"; }

memory() { # MANAGER
  place "$1" eater '{ "memory": { "limit": 33554432, "swap": 33554432 } }'
  script 'trap "tail -c 100m /dev/zero; echo tail: \$?" USR1; echo ready; while :; do sleep 0.1; done'
  start_new eater
  wait_until grep -q ready "$BATS_TEST_TMPDIR/eater.log"
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" events --interval 1h eater > "$BATS_TEST_TMPDIR/events" 3>&- &
  events=$!
  wait_until eval "readlink /proc/$events/fd/* | grep -q timerfd"
  berth kill eater USR1
  WAIT=60 wait_until told '"type":"oom"'
  WAIT=60 wait_until grep -q 'tail: ' "$BATS_TEST_TMPDIR/eater.log"
  assert_equal "$(tail -n 1 "$BATS_TEST_TMPDIR/eater.log")" 'tail: 137'
  assert_equal "$(< "$BATS_TEST_TMPDIR/events")" '{"type":"oom","id":"eater"}'
  assert_equal "$(grep -w oom_kill "$(cgroup_of eater)/memory.events")" 'oom_kill 1'
  assert_status eater running
  berth delete --force eater
  wait $events
}

@test "memory, cgroupfs" { memory cgroupfs; }
@test "memory, systemd" { memory systemd; }

# The kernel charges memory before it is used, in batches of 256 KiB; a limit that found one above itself would end who has used much less.
little_memory() { # MANAGER
  place "$1" little '{ "memory": { "limit": 229376 } }'
  cp "$(static_program probe "$top/tests/runtime/probe.c")" "$bundle/rootfs/bin/probe"
  config '.process.args = ["probe", "ioprio"]'
  berth run --bundle "$bundle" little < /dev/null # the program's pages are somebody else's by now
  for _ in {1..10}; do
    run berth run --bundle "$bundle" little < /dev/null
    assert_success
    assert_output 'class 0 priority 0'
  done
}

@test "little memory, cgroupfs" { little_memory cgroupfs; }
@test "little memory, systemd" { little_memory systemd; }

# The fork beyond the limit fails -------------------------------------------------

forks() { # MANAGER
  place "$1" forks '{ "pids": { "limit": 4 } }'
  # The shell that cannot fork ends, and makes room for the last one.
  script '(for i in 1 2 3 4 5 6; do sleep 1000 & done; wait); sleep 1000'
  start_new forks
  wait_until grep -q "can't fork" "$BATS_TEST_TMPDIR/forks.log"
  assert_equal "$(< "$(cgroup_of forks)/pids.peak")" 4
  wait_until eval "berth events --stats forks | grep -qE '\"pids\":\{\"current\":[34],\"limit\":4}'"
}

@test "processes, cgroupfs" { forks cgroupfs; }
@test "processes, systemd" { forks systemd; }

# Huge pages beyond the limit are not there ---------------------------------------

hugepages() { # MANAGER
  echo 8 > /proc/sys/vm/nr_hugepages
  place "$1" huge '{ "hugepageLimits": [{ "pageSize": "2MB", "limit": 4194304 }] }'
  config '.mounts += [{ destination: "/huge", type: "hugetlbfs", source: "huge", options: ["pagesize=2M", "mode=1777"] }]'
  script 'fallocate -l 2097152 /huge/1 && echo one; fallocate -l 2097152 /huge/2 && echo two; fallocate -l 2097152 /huge/3 && echo three
    rm /huge/1; fallocate -l 2097152 /huge/4 && echo four'
  run berth run --bundle "$bundle" huge < /dev/null
  echo 0 > /proc/sys/vm/nr_hugepages
  refute_line three
  for line in one two four; do assert_line $line; done
}

@test "huge pages, cgroupfs" { hugepages cgroupfs; }
@test "huge pages, systemd" { hugepages systemd; }

# A dd is throttled to its rate within 10 % ---------------------------------------

throttle() { # MANAGER LIST RATE SIZE COUNT DD...: so many blocks of that size in 4 s
  local driver=$1 list=$2 rate=$3 size=$4 count=$5 place=/var/tmp/berth-test-disk disk
  shift 5
  disk=$(< /sys/block/nvme0n1/dev)
  mkdir -p "$place"
  head -c 4194304 /dev/zero > "$place/file"
  sync
  place "$driver" dd "$(jq -n --arg disk "$disk" --arg list "$list" --argjson rate "$rate" '($disk | split(":") | map(tonumber)) as [$major, $minor] |
    { blockIO: { ($list): [{ major: $major, minor: $minor, rate: $rate }] } }')"
  config '.mounts += [{ destination: "/disk", type: "bind", source: $place, options: ["rbind", "rw"] }]' --arg place "$place"
  # The first one uses up what the group may have saved up; the others have the whole machine for it only now and then.
  script "for count in $((count / 4)) $count $count $count $count; do time dd bs=$size count=\$count $*; done"
  run berth run --bundle "$bundle" dd < /dev/null
  rm -r "$place"
  assert_success
  readarray -t times < <(sed -nE 's/^real[^0-9]*0m *([0-9]+)\.([0-9]+)s$/\1\2/p' <<< "$output")
  assert_equal ${#times[@]} 5
  for took in "${times[@]:1}"; do # in hundredths of a second
    ((10#$took >= 400 * 9 / 10)) || fail "faster than the limit: ${times[*]}"
    ! within $((10#$took)) 400 10 || return 0
  done
  fail "slower than the limit, every time: ${times[*]}"
}

write='if=/dev/zero of=/disk/file conv=notrunc oflag=direct' read='if=/disk/file of=/dev/null iflag=direct'

# bats test_tags=timing
@test "written bytes, cgroupfs" { throttle cgroupfs throttleWriteBpsDevice 1048576 65536 64 "$write"; }
# bats test_tags=timing
@test "written bytes, systemd" { throttle systemd throttleWriteBpsDevice 1048576 65536 64 "$write"; }
# bats test_tags=timing
@test "read bytes, cgroupfs" { throttle cgroupfs throttleReadBpsDevice 1048576 65536 64 "$read"; }
# bats test_tags=timing
@test "read bytes, systemd" { throttle systemd throttleReadBpsDevice 1048576 65536 64 "$read"; }
# bats test_tags=timing
@test "reads, cgroupfs" { throttle cgroupfs throttleReadIOPSDevice 100 4096 400 "$read"; }
# bats test_tags=timing
@test "writes, systemd" { throttle systemd throttleWriteIOPSDevice 100 4096 400 "$write"; }

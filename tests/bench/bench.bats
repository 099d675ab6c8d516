#!/usr/bin/env bats
# The benchmark's own arithmetic, and that it knows every phase of a start; nothing is timed.
# shellcheck disable=SC2154 # variables of common.bash and bats
load ../runtime/helper

# python TEXT: with the benchmark's modules
python() { PYTHONPATH=$top/tests/bench python3 -B -c "$1" "${@:2}"; }

minimal_bundle() {
  bundle=$BATS_TEST_TMPDIR/minimal
  mkdir -p "$bundle"/rootfs/{dev,proc,sys}
  jq -c '.linux.cgroupsPath = "/berth-test-minimal"' "$top/tests/bench/minimal.json" > "$bundle/config.json"
  gcc -nostdlib -static -o "$bundle/rootfs/nop" "$top/tests/bench/nop.S"
}

@test "a trace becomes a picture with a line for each phase of both processes" {
  minimal_bundle
  berth --trace "$BATS_TEST_TMPDIR/trace" run --bundle "$bundle" minimal
  python3 -B "$top/tests/bench/picture.py" "$BATS_TEST_TMPDIR/trace" "$BATS_TEST_TMPDIR/start.svg"
  run python 'import sys, xml.etree.ElementTree as xml
for text in xml.parse(sys.argv[1]).iter("{http://www.w3.org/2000/svg}text"): print(text.text)' "$BATS_TEST_TMPDIR/start.svg"
  assert_success
  local phase
  while read -r phase; do assert_matches "(^|"$'\n'")$phase( × [0-9]+)?("$'\n'"|$)"; done < <(
    jq -Rr 'select(startswith("{")) | rtrimstr(",") | fromjson | select(.ph == "B" and .name != "run" and .name != "init") | .name' "$BATS_TEST_TMPDIR/trace")
  assert_line berth
  assert_line "berth's child, the container"
}

@test "every phase of a start is one that docs/performance.md explains" {
  minimal_bundle
  run python 'import sys, pieces, runner, trace
run = trace.trace(runner.Runner(), sys.argv[2:], sys.argv[1])
for path in {span.path for span in run.spans}: print(path, "is of the piece", pieces.piece_of(path))
' "$BATS_TEST_TMPDIR/trace" "$BERTH" --root "$BATS_TEST_TMPDIR/state" --trace "$BATS_TEST_TMPDIR/trace" run --bundle "$bundle" minimal
  assert_success
  assert_line "container/init/mounts/mount is of the piece mounts"
  refute_contains "is of the piece other" # else give it one, and the reason: pieces.py
}

@test "each microsecond belongs to the phase that the run waits for" {
  run python 'import pieces, trace
spans = [trace.Span(*span) for span in [("berth/program starts", 0, 10), ("berth/run", 10, 90), ("berth/run/birth", 20, 30),
  ("berth/run/wait until ready", 30, 60), ("container/init", 35, 70), ("container/init/mounts", 40, 50), ("berth/run/start", 60, 65),
  ("berth/run/wait for its end", 65, 80), ("berth/program ends", 90, 100)]]
found = pieces.attribute(trace.Run(spans, 100))
print(sum(found.values()), sorted(found.items()))'
  assert_output "100 [('attributes', 20), ('birth', 35), ('handing over', 5), ('mounts', 10), ('program ends', 10), ('program starts', 10), ('workload', 10)]"
}

@test "a target is met or missed by the median, and missed where something failed" {
  run python 'from summary import judged, result
from works import Target
def verdict(berth, failed=0):
    [one] = judged([(result("w", "w", "s", {"berth": berth, "crun": [0.006, 0.006]}, {"berth": failed}), [Target(0.5, "crun"), Target(0.004, text="4 ms")])])
    return [target["met"] for target in one["targets"]]
print(verdict([0.001, 0.003, 0.9]), verdict([0.001, 0.0031, 0.9]), verdict([0.001], failed=1))'
  assert_output "[True, True] [False, True] [False, False]"
}

# what bench-check says where berth took 3 floors, and takes SECONDS now; the floor's samples are FLOOR
bench_check() { # SECONDS FLOOR
  # shellcheck disable=SC2016
  run python 'import sys, types, check
from works import WORKS
now, floor = float(sys.argv[1]), eval(sys.argv[2])
check.take_turns = lambda bench, works, rounds, names: types.SimpleNamespace(
    seconds={work.name: {"berth": [now] * 20, "floor": floor} for work in works})
last = {"results": [{"name": work.name, "cells": {"berth": {"p10": 0.003}, "floor": {"p10": 0.001}}} for work in WORKS]}
sys.exit(check.check(types.SimpleNamespace(user=types.SimpleNamespace(end=lambda: None)), last, ["run"], 20))' "$1" "$2"
}

@test "bench-check fails with the name of what is slower by more than noise, and says so where it cannot tell" {
  bench_check 0.0034 '[0.001] * 20'
  assert_success
  bench_check 0.0036 '[0.001] * 20'
  assert_failure 1
  assert_contains "slower than in docs/performance/host.json: run"
  bench_check 0.0036 '[0.001] * 10 + [0.002] * 10'
  assert_failure 2
  assert_contains "too busy"
}

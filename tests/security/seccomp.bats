#!/usr/bin/env bats
# Filters of system calls: the one that is in force is the one that was asked for, whatever lies in the cache, and for every ABI.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

setup() {
  common_setup
  bundle one
  install_attack
  cache=$BATS_TEST_TMPDIR/state/@seccomp
}

deny() { # NAME...: and nothing else
  config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ($names | split(" ")), action: "SCMP_ACT_ERRNO" }] }' \
    --arg names "$*"
}

denied() { # STATUS-OR-ERRNO: what `attack mkdir` came to, "killed" or "errno N"
  local got=$output
  if ((status == 159)); then got=killed; fi
  assert_equal "$got" "$1" || return
  assert_missing "$bundle/rootfs/made"
}

# --- the cache -------------------------------------------------------------------------------------------------------------

# The entry $entry of a profile that denies mkdirat, and $forged: a program that allows everything, in the form of that entry.
cached_filter() {
  deny mkdirat
  args attack mkdir native /made
  # The first container makes the directory in which the second leaves its filter.
  not_used
  not_used
  entry=$(echo "$cache"/*)
  assert_file "$entry"
  forged=$BATS_TEST_TMPDIR/forged
  python3 - "$entry" "$forged" <<'PY'
import hashlib, os, struct, sys
key = bytes.fromhex(os.path.basename(sys.argv[1]))
length = struct.pack("<I", 1)
program = struct.pack("<HBBI", 6, 0, 0, 0x7fff0000)
digest = hashlib.blake2b(key + length + program, digest_size=32).digest()
magic = open(sys.argv[1], "rb").read(16)
with open(sys.argv[2], "wb") as file:
    file.write(magic + key + digest + length + bytes(4) + program)
PY
  chmod 400 "$forged"
}

# Puts the forged entry in its place, and does CMD there, where $entry is that entry.
poison() { # CMD...
  rm -rf "$entry"
  cp -a "$forged" "$entry"
  "$@"
}

not_used() {
  # One that waits for ever is not content with it either.
  run timeout -s KILL 60 "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one < /dev/null 3>&-
  denied 'errno 1'
}

# Were it not forged well, the tests below would show nothing.
@test "the cache: what only the host's root could have written is taken" {
  cached_filter
  poison true
  run_config
  assert_output 'got /made'
}

@test "the cache: an entry that others own, or can write, is not used" {
  cached_filter
  local mode
  poison chown 1000 "$entry"
  not_used
  for mode in 600 440 404 420 402 4400 777; do
    poison chmod $mode "$entry"
    not_used || fail "with mode $mode"
  done
}

@test "the cache: links, and what is no file, are not used" {
  cached_filter
  poison ln -sf "$forged" "$entry"
  not_used
  poison ln "$entry" "$BATS_TEST_TMPDIR/other-name"
  not_used
  rm -f "$entry"
  mkfifo -m 400 "$entry"
  not_used
  rm -rf "$entry"
  mkdir "$entry"
  not_used
  rmdir "$entry"
}

# Everything in there is root's, but where it lies is not what it was made for.
@test "the cache: the entry of another profile is not used, nor one that was changed or cut" {
  cached_filter
  local honest=$BATS_TEST_TMPDIR/honest permissive at
  cp -a "$entry" "$honest"
  deny getuid
  run_config
  assert_output 'got /made'
  rmdir "$bundle/rootfs/made"
  permissive=$(find "$cache" -type f ! -path "$entry")
  deny mkdirat
  poison mv "$permissive" "$entry"
  not_used
  # The kernel would take any of these: the action is allowed in place of refused.
  poison python3 -c '
import sys
data = bytearray(open(sys.argv[1], "rb").read())
for at in range(88, len(data), 8):
    if data[at:at + 2] == b"\x06\x00":
        data[at + 4:at + 8] = b"\x00\x00\xff\x7f"
open(sys.argv[2], "wb").write(data)' "$honest" "$entry"
  not_used
  for at in 0 40 88 95; do
    poison truncate -s $at "$entry"
    not_used
  done
}

@test "the cache: a directory of another's is neither read nor written" {
  cached_filter
  local theirs=$BATS_TEST_TMPDIR/theirs
  mkdir "$theirs"
  cp -a "$forged" "$theirs/${entry##*/}"
  chown -R 1000:1000 "$theirs"
  rm -r "$cache"
  ln -s "$theirs" "$cache"
  not_used
  rm "$theirs"/*
  not_used
  assert_equal "$(ls -A "$theirs")" ''
  rm "$cache"
  mkdir -m 777 "$cache"
  not_used
  assert_equal "$(ls -A "$cache")" ''
}

# crun: what was hashed did not say where one name ended and the next began.
@test "the cache: profiles of the same letters are not the same" {
  deny mkdiratx y
  args attack mkdir native /made
  for _ in 1 2; do
    run_config
    assert_output 'got /made'
    rmdir "$bundle/rootfs/made"
  done
  assert_equal "$(find "$cache" -type f | wc -l)" 1
  deny mkdirat xy
  not_used
}

# --- other ABIs ------------------------------------------------------------------------------------------------------------

# Some hypervisors let nobody make an i386 call; the machines of tests/vm do.
need_abis() {
  [[ $(uname -m) = x86_64 ]] || skip "the ABIs are those of x86_64"
  attack mkdir i386 "$BATS_TEST_TMPDIR/by-i386" > /dev/null || skip "no i386 system calls here"
}
architectures() { config '.linux.seccomp.architectures = ($names | split(" ") | map("SCMP_ARCH_" + .))' --arg names "$*"; }

@test "another ABI is no way around the filter" {
  need_abis
  deny mkdir mkdirat
  local listed abi
  for listed in '' X86_64; do
    architectures $listed
    for abi in i386 x32; do
      run_args attack mkdir $abi /made
      denied killed || fail "by $abi"
    done
  done
  architectures X86_64 X86
  run_args attack mkdir i386 /made
  denied 'errno 1'
  run_args attack mkdir x32 /made
  denied killed
  architectures X86_64 X32
  run_args attack mkdir x32 /made
  denied 'errno 1'
  run_args attack mkdir i386 /made
  denied killed
  # The attack is one.
  config 'del(.linux.seccomp)'
  run_config
  assert_output 'got /made'
}

@test "nor is a call that has two numbers there" {
  need_abis
  deny socket
  architectures X86_64 X86
  local way
  for way in direct multiplexed; do
    run_args attack socket $way
    assert_output 'errno 1'
    deny bind
    architectures X86_64 X86
    run_config
    assert_output 'got a socket'
    deny socket
    architectures X86_64 X86
  done
}

@test "exec is held to the container's filter" {
  need_abis
  deny mkdir mkdirat
  script 'sleep 1000'
  start_new one
  run berth exec one attack mkdir native /made
  denied 'errno 1'
  run berth exec one attack mkdir i386 /made
  denied killed
  # As the host's root, before no_new_privs or after.
  run berth exec --no-new-privs=false --cap SYS_ADMIN one attack mkdir native /made
  denied 'errno 1'
  jq '.process | .args = ["attack", "mkdir", "native", "/made"]' "$bundle/config.json" > "$BATS_TEST_TMPDIR/process"
  run berth exec --process "$BATS_TEST_TMPDIR/process" one
  denied 'errno 1'
}

@test "a startContainer hook, which is a program of the image, is under the filter" {
  config '.hooks.startContainer = [{ path: "/bin/busybox", args: ["mkdir", "/made"] }]
    | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 100 }] }'
  local privileges
  for privileges in true false; do
    config ".process.noNewPrivileges = $privileges"
    run_config
    assert_error startContainer 'Network is down'
    assert_missing "$bundle/rootfs/made"
  done
}

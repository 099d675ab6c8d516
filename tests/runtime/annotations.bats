#!/usr/bin/env bats
# The annotations org.berth.*, and that of others: docs/annotations.md.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper
load ../lib/criu

setup() {
  common_setup
  bundle one
  install_probe
}

annotate() { config '.annotations[$key] = $value' --arg key "org.berth.$1" --arg value "$2"; } # NAME VALUE

@test "an annotation of this runtime that there is not, or with a wrong value, is refused" {
  local key value
  while read -r key value; do
    config '.annotations = { ($key): $value }' --arg key "$key" --arg value "$value"
    refused "/annotations/$key: "
    assert_missing "$BATS_TEST_TMPDIR/state/one"
  done << 'END'
org.berth.kms true
org.berth.KSM true
org.berth. true
org.berth.version 1
org.berth.ksm yes
org.berth.ksm 1
org.berth.ksm
org.berth.core-sched True
org.berth.landlock true
END
  assert_contains /annotations/org.berth.landlock
  config '.annotations = { "org.berth.kms": "true" }'
  refused 'no such annotation' 'org.berth.ksm, org.berth.core-sched'
  # others' are others' business
  config '.annotations = { "org.berthold.kms": "true", "com.example": "x" }'
  run_args true
  assert_success
  # and false is nothing
  config '.annotations = { "org.berth.ksm": "false", "org.berth.core-sched": "false" }'
  run_args probe merge
  assert_output 'merge 0'
}

@test "ksm: memory may be merged, in init and exec; state tells so" {
  annotate ksm true
  run_args probe merge
  assert_output 'merge 1'
  config '.process.user = { uid: 7, gid: 7 } | .process.capabilities = {}'
  run_args probe merge
  assert_output 'merge 1'
  script 'sleep 1000'
  start_new one
  run berth exec one probe merge
  assert_output 'merge 1'
  run berth exec one sh -c 'exec probe merge'
  assert_output 'merge 1'
  assert_equal "$(berth state one | jq -r '.annotations["org.berth.ksm"]')" true
}

# A caller with groups that the container's configuration does not name.
with_groups() { setpriv --groups 1234,5678 "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&-; }
groups_of() { sed -n 's/^Groups:[[:space:]]*//p' "$1" | xargs; } # /proc/PID/status

@test "keep_original_groups: the caller's groups are the container's, in init and exec" {
  local tell='sed -n "s/^Groups://p" /proc/self/status | xargs'
  config '.process.user = { uid: 7, gid: 7, additionalGids: [9] } | .process.capabilities = {}'
  script "$tell"
  run with_groups run --bundle "$bundle" one
  assert_output 9
  config '.annotations = { "run.oci.keep_original_groups": "0" }'
  run with_groups run --bundle "$bundle" one
  assert_output 9
  config '.annotations = { "run.oci.keep_original_groups": "1" }'
  run with_groups run --bundle "$bundle" one
  assert_output '1234 5678'
  script 'sleep 1000'
  start_new one
  assert_equal "$(groups_of "/proc/$(pid_of one)/status")" ''
  run with_groups exec one sh -c "$tell"
  assert_output '1234 5678'
  config '.annotations = { "run.oci.keep_original_groups": "yes" }'
  refused /annotations/run.oci.keep_original_groups 'must be "1" or "0"'
}

@test "keep_original_groups: also where the user namespace has no such group" {
  config '.annotations = { "run.oci.keep_original_groups": "1" }
    | .linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }] | .linux.gidMappings = .linux.uidMappings'
  script 'echo began; sleep 1000'
  chown 100000:100000 "$bundle/rootfs"
  with_groups create --bundle "$bundle" one < /dev/null > "$BATS_TEST_TMPDIR/one.log" 2>&1
  berth start one
  assert_equal "$(groups_of "/proc/$(pid_of one)/status")" '1234 5678'
  run berth exec one sed -n 's/^Groups:[[:space:]]*//p' /proc/1/status
  assert_output '65534 65534 '
}

@test "ksm: containers share what is the same" {
  need_vm # the machine's own settings are changed
  local ksm=/sys/kernel/mm/ksm id
  annotate ksm true
  args probe same 16
  start_new one
  bundle two
  install_probe
  annotate ksm true
  args probe same 16
  start_new two
  for id in one two; do wait_until grep -q ready "$BATS_TEST_TMPDIR/$id.log"; done
  echo 20000 > "$ksm/pages_to_scan"
  echo 1 > "$ksm/run"
  # 16 MiB are 4096 pages
  wait_until eval '(($(cat /proc/$(pid_of two)/ksm_merging_pages) > 3900))'
  ((($(cat "$ksm/pages_sharing")) > 3900))
  echo 2 > "$ksm/run"
  echo 0 > "$ksm/run"
  delete_all one two
}

@test "ksm: a kernel that cannot is told of" {
  annotate ksm true
  args true
  local trace=$BATS_TEST_TMPDIR/trace n
  strace -f -qq -o "$trace" -e trace=prctl "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --no-subreaper --bundle "$bundle" one > /dev/null 3>&-
  # how many-eth of its process the call is
  n=$(awk '/resumed>/ { next } { seen[$1]++ } /prctl\((PR_SET_MEMORY_MERGE|0x43)/ { print seen[$1] }' "$trace")
  run strace -f -qq -o /dev/null -e trace=prctl -e inject=prctl:error=EINVAL:when="$n" \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --no-subreaper --bundle "$bundle" one 3>&-
  assert_error /annotations/org.berth.ksm CONFIG_KSM
}

core_sched_here() { [[ $(python3 -c 'import ctypes; print(ctypes.CDLL(None).prctl(62, 0, 0, 0, 0))') = 0 ]]; }

@test "core-sched: a cookie of the container's, or the reason why there is none" {
  annotate core-sched true
  args true
  run strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=prctl "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one 3>&-
  # command 1: create, for this process
  grep -qE 'prctl\((PR_SCHED_CORE|0x3e)[^,]*, (PR_SCHED_CORE_CREATE|0x1), 0' "$BATS_TEST_TMPDIR/trace" ||
    fail "$(grep -v CAPBSET "$BATS_TEST_TMPDIR/trace")"
  if core_sched_here || grep -q ENODEV "$BATS_TEST_TMPDIR/trace"; then
    assert_success
  else
    assert_error '/annotations/org.berth.core-sched' 'CONFIG_SCHED_CORE'
    # an exec takes that of init, by its pid: here, in a container whose record says that it has one
    config 'del(.annotations)'
    script 'sleep 1000'
    start_new one
    jq -c '.annotations = { "org.berth.core-sched": "true" }' "$bundle/config.json" > "$BATS_TEST_TMPDIR/state/one/config.json"
    run strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=prctl "$BERTH" --root "$BATS_TEST_TMPDIR/state" exec one true 3>&-
    assert_failure 255
    assert_contains '/annotations/org.berth.core-sched'
    assert_contains CONFIG_SCHED_CORE
    grep -qE "prctl\((PR_SCHED_CORE|0x3e)[^,]*, (PR_SCHED_CORE_SHARE_FROM|0x3), ($(pid_of one)|$(printf '%#x' "$(pid_of one)"))" "$BATS_TEST_TMPDIR/trace"
  fi
}

# Landlock --------------------------------------------------------------------------------

rules() { annotate landlock "$1"; } # JSON
usual='{"ro":["/etc","/proc"],"rw":["/data","/dev"],"exec":["/bin"]}'

landlock() { # the rules for a container with a few files
  rules "${1-$usual}"
  mkdir -p "$bundle/rootfs/data/sub" "$bundle/rootfs/other"
  echo content | tee "$bundle/rootfs/other/file" "$bundle/rootfs/data/file" "$bundle/rootfs/data/sub/file" > /dev/null
  cp -L "$bundle/rootfs/bin/busybox" "$bundle/rootfs/data/program"
}

try='for what in "cat /etc/passwd" "ls /etc" "touch /etc/new" "cat /other/file" "ls /other" "ls /" "rm /other/file" "mkdir /other/new" "cat /data/sub/file" \
  "touch /data/new" "mv /data/file /data/sub/moved" "rm /data/sub/file" "mkdir /data/dir" "ln -s x /data/link" "truncate -s 0 /data/program" "truncate -s 0 /etc/passwd" \
  "chmod 755 /data/program" "/data/sub/program" "/bin/true" "cat /dev/null" "truncate -s 0 /other/file"; do $what > /dev/null 2>&1 && echo "$what"; done; true'
allowed='cat /etc/passwd
ls /etc
cat /data/sub/file
touch /data/new
mv /data/file /data/sub/moved
rm /data/sub/file
mkdir /data/dir
ln -s x /data/link
truncate -s 0 /data/program
chmod 755 /data/program
/bin/true
cat /dev/null'

@test "landlock: what is not in the rules cannot be used, by nobody" {
  landlock
  run_inside "$try"
  assert_success
  assert_output "$allowed"
  landlock
  capabilities='["CAP_DAC_OVERRIDE","CAP_SYS_ADMIN"]'
  config '.process.capabilities = { bounding: $c, effective: $c, permitted: $c }' --argjson c "$capabilities"
  rm -r "$bundle/rootfs/data"
  landlock
  run_inside "$try"
  assert_output "$allowed"
}

@test "landlock: an exec is held to the same rules" {
  landlock
  script 'sleep 1000'
  start_new one
  run berth exec one sh -c "$try"
  assert_output "$allowed"
  run berth exec --cap CAP_SYS_ADMIN --user 0 one cat /other/file
  assert_failure 1
  assert_contains 'Permission denied'
  run berth exec one /data/program true
  assert_failure 255
  assert_contains 'not in "exec" of /annotations/org.berth.landlock'
  run berth exec --no-new-privs=false one true
  assert_failure 255
  assert_contains org.berth.landlock
  assert_equal "$(berth state one | jq -r '.annotations["org.berth.landlock"]')" "$usual"
}

@test "landlock: also where a user without privileges has its files, and the filter is a strict one" {
  landlock '{"ro":["/etc/passwd"],"rw":["/root/secret"],"exec":["/bin"],"abi":3}'
  mkdir -m 700 "$bundle/rootfs/root/secret"
  chown 7:7 "$bundle/rootfs/root" "$bundle/rootfs/root/secret"
  chmod 711 "$bundle/rootfs/root"
  config '.process.user = { uid: 7, gid: 7 } | .process.capabilities = {}
    | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"], action: "SCMP_ACT_ERRNO" }] }'
  run_inside 'echo x > /root/secret/file && cat /root/secret/file; cat /etc/passwd | head -n1; cat /etc/group'
  assert_contains $'x\nroot:x:0'
  assert_contains "can't open '/etc/group': Permission denied"
}

@test "landlock: hooks in the container are not held to the rules, what they start is the configuration's" {
  landlock
  config '.hooks.startContainer = [{ path: "/bin/sh", args: ["sh", "-c", "echo hook > /other/hook"] }]'
  run_inside 'cat /other/hook'
  assert_contains 'Permission denied'
  assert_equal "$(< "$bundle/rootfs/other/hook")" hook
}

@test "landlock: wrong rules, and where" {
  local json text
  mkdir "$bundle/rootfs/real"
  ln -s real "$bundle/rootfs/link"
  args true
  while IFS='|' read -r json text; do
    rules "$json"
    refused /annotations/org.berth.landlock "$text"
  done << 'END'
|
[]|
{"exec":["/bin"]|
{"exec":[]}|/exec: nothing may be executed
{"ro":["/"]}|/exec: nothing may be executed
{"exec":["bin"]}|/exec/0: "bin": must be an absolute path
{"exec":["/bin"],"rw":["/etc",""]}|/rw/1: "": must be an absolute path
{"exec":["/bin"],"readonly":["/etc"]}|readonly
{"exec":"/bin"}|/exec
{"exec":["/bin"],"abi":2}|/abi
{"exec":["/bin"],"abi":"3"}|/abi
{"exec":["/bin"],"abi":60}|/abi: version 60 is asked for, and this kernel's Landlock is of version
{"exec":["/bin"],"exec":["/bin"]}|
{"exec":["/bin"],"ro":["/nowhere"]}|/ro/0: /nowhere: No such file
{"exec":["/bin"],"ro":["/etc","/link"]}|/ro/1: /link: a symbolic link is on the way
{"exec":["/bin"],"rw":["/link/.."]}|/rw/0: /link/..: a symbolic link is on the way
{"exec":["/usr"]}|not in "exec" of /annotations/org.berth.landlock
END
  rules '{"exec":["/bin"]}'
  config '.process.noNewPrivileges = false'
  refused /annotations/org.berth.landlock /process/noNewPrivileges
}

@test "landlock: a kernel without it, or with too old a one, is told of" {
  rules '{"exec":["/bin"]}'
  args true
  local code text
  while IFS='|' read -r code text; do
    run strace -f -qq -o /dev/null -e trace=landlock_create_ruleset -e inject=landlock_create_ruleset:"$code" \
      "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one 3>&-
    assert_error /annotations/org.berth.landlock "$text"
  done << 'END'
error=ENOSYS|CONFIG_SECURITY_LANDLOCK
error=EOPNOTSUPP|lsm=
retval=2|is of version 2
END
}

@test "a checkpoint would lose what they ask for: refused, and so is a restore" {
  criu_setup
  install_probe
  counter
  local annotation
  while read -r annotation; do
    config '.annotations = $a' --argjson a "$annotation"
    start_new one
    run berth checkpoint --image-path "$images" one
    assert_error /annotations/org.berth. 'criu cannot checkpoint'
    assert_status one running
    delete_all one
  done << 'END'
{"org.berth.ksm":"true"}
{"org.berth.landlock":"{\"rw\":[\"/run\"],\"exec\":[\"/bin\"]}"}
END
  annotate landlock '{"rw":["/run"],"exec":["/bin"]}'
  mkdir -p "$images"
  run berth restore --detach --bundle "$bundle" --image-path "$images" one < /dev/null
  assert_error /annotations/org.berth.landlock 'criu cannot restore'
}

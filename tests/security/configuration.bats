#!/usr/bin/env bats
# bats file_tags=host-only
# Configurations made to exhaust the runtime: refused, with little memory and time. Large values arrive whole or are refused.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# What berth may have of address space and of processor time, whatever it is given.
limited_berth() {
  (ulimit -v 131072 -t 30; exec timeout -s KILL 60 "$BERTH" --root "$BATS_TEST_TMPDIR/state" "$@" 3>&-) < /dev/null
}

# The plain configuration with one more member, "extra", the JSON that the Python expression TEXT gives.
with_extra() { # TEXT
  python3 -c '
import sys
text = open(sys.argv[1]).read().rstrip()
open(sys.argv[2], "w").write(text[:-1] + ", \"extra\": " + eval(sys.argv[3]) + "}")' "$plain" "$bundle/config.json" "$1"
}

setup() {
  common_setup
  bundle one
  script 'touch /ran'
  plain=$BATS_TEST_TMPDIR/plain.json
  cp "$bundle/config.json" "$plain"
}

bounded() { # TEXT...: refused within the limits, and nothing ran
  run limited_berth run --bundle "$bundle" one
  assert_error "$@" || return
  assert_missing "$bundle/rootfs/ran" || return
  assert_status one none
}

@test "a configuration without end" {
  local file=$bundle/config.json
  truncate -s 4G "$file"
  bounded 'larger than'
  rm "$file"
  ln -s /dev/zero "$file"
  bounded 'larger than'
  rm "$file"
  mkfifo "$file"
  bounded config.json
  rm "$file"
  mkdir "$file"
  bounded config.json
}

@test "a configuration that is deep" {
  local open
  for open in '[' '{"a":'; do
    with_extra "'$open' * 65"
    bounded 'nested deeper'
    with_extra "'$open' * 600000"
    bounded 'nested deeper'
  done
  with_extra '"[" * 62 + "]" * 62'
  run limited_berth run --bundle "$bundle" one
  assert_success
}

@test "a configuration that is broad" {
  with_extra '"{" + ",".join("\"%x\":0" % i for i in range(200000)) + ",\"0\":0}"'
  bounded 'given twice'
  local member
  for member in .annotations .linux.sysctl; do
    jq "$member = ([range(65537)] | map({ key: \"a\(.)\", value: \"\" }) | from_entries)" "$plain" > "$bundle/config.json"
    bounded 65536
  done
  for member in .process.env .process.args .linux.maskedPaths; do
    jq "$member = [range(65537) | \"A=\"]" "$plain" > "$bundle/config.json"
    bounded 65536
  done
  jq '.mounts = [range(65537) | { destination: "/x" }]' "$plain" > "$bundle/config.json"
  bounded /mounts 65536
  # What is not berth's business is read over, as much as there may be of it.
  with_extra '"[[" + "0," * 1000000 + "0], {" + ",".join("\"%x\":0" % i for i in range(200000)) + "}]"'
  run limited_berth run --bundle "$bundle" one
  assert_success
}

@test "a process or limits, for exec and update, without end or bottom" {
  script 'sleep 1000'
  start_new one
  local file=$BATS_TEST_TMPDIR/file
  truncate -s 4G "$file"
  run limited_berth exec --process "$file" one
  assert_failure 255
  run limited_berth update --resources "$file" one
  assert_error ''
  python3 -c 'print("{\"x\":" + "[" * 600000)' > "$file"
  run limited_berth exec --process "$file" one
  assert_failure 255
  assert_contains 'nested deeper'
  run limited_berth update --resources "$file" one
  assert_error 'nested deeper'
}

# The kernel's, and that of the text that is written: CVE-2021-43784 was a length that did not fit where it was put.
@test "CVE-2021-43784: id maps of any length are refused or whole" {
  user_namespace
  script 'cat /proc/self/uid_map; wc -l < /proc/self/gid_map'
  maps() { config '.linux.uidMappings = [range($n) | { containerID: ., hostID: (100000 + . * $step), size: 1 }] | .linux.gidMappings = .linux.uidMappings' \
    --argjson n "$1" --argjson step "${2-2}"; }
  local count
  for count in 341 3000 20000; do
    maps $count
    bounded /linux/uidMappings "$count entries: the kernel takes at most 340"
  done
  # Fewer, but with more digits than fit on a page.
  maps 340 12345677
  bounded /linux/uidMappings 'entries are too many'
  maps 150
  run limited_berth run --bundle "$bundle" one
  assert_success
  assert_equal "$(wc -l <<< "$output")" 151
  assert_line 150
  assert_matches ' 149 +100298 +1'
}

@test "CVE-2021-43784: paths and names of any length are refused" {
  local size field
  for size in 4096 65530 65600 131072 1000000; do
    for field in .linux.cgroupsPath .process.cwd '.linux.namespaces[0].path' .root.path '.mounts[0].source' '.mounts[3].destination' \
      .hostname .domainname '.linux.maskedPaths[0]' '.hooks.createRuntime[0].path' '.process.args[0]' '.linux.sysctl["net.x"]' \
      '.mounts[1].options[0]' .process.selinuxLabel .process.apparmorProfile .linux.mountLabel '.linux.netDevices["lo"].name' \
      '.linux.seccomp.listenerPath'; do
      jq "$field = \"/\" + \"x\" * $size" "$bundle/config.json" > "$bundle/long.json"
      mkdir "$bundle/$size"
      mv "$bundle/long.json" "$bundle/$size/config.json"
      ln -s ../rootfs "$bundle/$size/rootfs"
      run limited_berth run --bundle "$bundle/$size" one
      assert_error '' || fail "$field of $size bytes"
      ((${#output} < 16384)) || fail "$field of $size bytes: an error of ${#output} bytes"
      rm -r "${bundle:?}/$size"
    done
  done
  assert_missing "$bundle/rootfs/ran"
}

@test "CVE-2021-43784: arguments, variables and groups of any number arrive whole" {
  config '.process.args = ["sh", "-c", "shift 2; echo $# ${#LONG} ${#1}; awk \"/^Groups/ { print NF - 1 }\" /proc/self/status", "x", "x", "x", "y" * 131000]
    | .process.args += [range(40000) | tostring] | .process.env += ["LONG=" + "z" * 131000, (range(10000) | "N\(.)=\(.)")]
    | .process.user.additionalGids = [range(40000) | . + 70000]'
  run_config
  assert_output $'40001 131000 131000\n40000'
}

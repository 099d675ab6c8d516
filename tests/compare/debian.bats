# A whole Debian 13 as the root file system, and the work that one does in it.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # scripts of the container; bats' subshells; variables of common.bash
load helper

setup_file() {
  mkdir -p "$BATS_FILE_TMPDIR/debian"
  tar -x -C "$BATS_FILE_TMPDIR/debian" --exclude='./dev/*' -f "$("$BATS_TEST_DIRNAME/../lib/debian-root")"
  # A package to install: this machine's network is not in reach of the container.
  local package=$BATS_FILE_TMPDIR/package
  mkdir -p "$package/DEBIAN" "$package/usr/bin"
  printf 'Package: berth-test\nVersion: 1\nArchitecture: all\nMaintainer: test <test@example.org>\nDescription: test\n' > "$package/DEBIAN/control"
  printf '#!/bin/sh\nset -e\nuseradd --system --no-create-home tester\n' > "$package/DEBIAN/postinst"
  printf '#!/bin/sh\necho installed and run by $(id -un)\n' > "$package/usr/bin/berth-test"
  chmod 755 "$package/DEBIAN/postinst" "$package/usr/bin/berth-test"
  dpkg-deb --root-owner-group --build "$package" "$BATS_FILE_TMPDIR/debian/root/berth-test.deb" > "$BATS_FILE_TMPDIR/dpkg-deb.log"
}

debian() { # SCRIPT [FILTER]: runs it with bash in the root file system
  bundle=$BATS_TEST_TMPDIR/debian
  mkdir "$bundle"
  jq --arg script "$1" --arg root "$BATS_FILE_TMPDIR/debian" '.process.args = ["bash", "-c", $script] | .root.path = $root
    | .linux.cgroupsPath = "/berth-test-debian" | .process.noNewPrivileges = false' "$top/tests/lib/base-config.json" > "$bundle/config.json"
  [[ ! ${2-} ]] || config "$2"
  run berth run --bundle "$bundle" debian
}

@test "a shell with dpkg, apt and perl" {
  debian 'set -e
    dpkg -i /root/berth-test.deb > /tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; exit 1; }
    apt-get remove -qq -s berth-test | grep ^Remv
    dpkg -s berth-test | grep ^Status
    getent passwd tester | cut -d: -f1
    apt-get check -qq
    perl -e "print join(\"-\", 1 .. 3), \"\n\""'
  assert_success
  assert_line "Status: install ok installed"
  assert_line "Remv berth-test [1]"
  assert_line tester
  assert_line 1-2-3
}

@test "another user by su, and a login shell" {
  debian 'useradd -m -s /bin/bash sailor && su - sailor -c "id -un; pwd; berth-test 2> /dev/null || :; touch ~/mine && stat -c %U ~/mine"'
  assert_success
  assert_line sailor
  assert_line /home/sailor
}

@test "a read-only root: what writes to it fails, what writes elsewhere works" {
  debian 'touch /etc/x 2> /dev/null && echo wrote; touch /tmp/x && echo tmp; mktemp > /dev/null && echo mktemp' '.root.readonly = true
    | .mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=1777"]}]'
  assert_success
  refute_line wrote
  assert_line tmp
  assert_line mktemp
}

@test "sh, a pipeline and job control with a terminal of its own" {
  debian 'seq 1 1000 | sort -rn | head -n 1; (sleep 0.01 & wait; echo waited); ulimit -n > /dev/null; locale > /dev/null; echo $((6 * 7))'
  assert_success
  assert_line 1000
  assert_line waited
  assert_line 42
}

@test "the same under crun and runc" {
  debian true
  compare
}

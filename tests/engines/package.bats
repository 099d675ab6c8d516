#!/usr/bin/env bats
# The Debian package that `make deb` makes: it installs, is upgraded and goes away cleanly, and Podman finds what is in it.
# shellcheck disable=SC2030,SC2031,SC2154 # bats' subshells; variables of common.bash
load helper

setup_file() {
  need_vm
  rm -f /usr/bin/berth /etc/containers/containers.conf.d/{50-berth,60-runtime}.conf # of another suite
}

setup() { need_vm; }

package() { # the one that was built
  local files=("$top"/build/deb/berth_*.deb)
  [[ -e ${files[0]} ]] || fail 'no package in build/deb: run make deb' || return
  echo "${files[0]}"
}

package_tool() { DEBIAN_FRONTEND=noninteractive dpkg "$@" 2>&1; }
installed() { [[ $(dpkg-query -W -f '${db:Status-Status} ${Version}' berth) = "installed $1" ]]; } # VERSION

newer() { # VERSION: the same package with another version and another drop-in
  dpkg-deb --raw-extract "$(package)" "$BATS_TEST_TMPDIR/unpacked"
  sed -i "s/^Version: .*/Version: $1/" "$BATS_TEST_TMPDIR/unpacked/DEBIAN/control"
  echo '# newer' >> "$BATS_TEST_TMPDIR/unpacked/etc/containers/containers.conf.d/50-berth.conf"
  dpkg-deb --build "$BATS_TEST_TMPDIR/unpacked" "$BATS_TEST_TMPDIR/newer.deb" > /dev/null
}

@test "installs, and is found" {
  run package_tool --install "$(package)"
  assert_success
  assert_equal "$(type -P berth)" /usr/bin/berth
  run berth_version
  assert_contains "berth version $(dpkg-query -W -f '${Version}' berth)"
  # Manual pages and documents are not installed in the test machine.
  run grep -vE ' /usr/share/(doc|man)(/|$)' <(dpkg --verify berth)
  assert_output ''
  podman import "$(image_tar)" bb > /dev/null 2>&1
  run podman --runtime berth run --rm bb echo found
  assert_output found
}

berth_version() { /usr/bin/berth --version; }

@test "is upgraded while a container runs" {
  podman --runtime berth run -d --name one bb sleep 1000
  newer 99.0
  run package_tool --install "$BATS_TEST_TMPDIR/newer.deb"
  assert_success
  installed 99.0
  grep -q '^# newer$' /etc/containers/containers.conf.d/50-berth.conf
  podman exec one true
  podman rm -f -t 0 one
}

@test "an administrator's change is kept" {
  echo '# mine' >> /etc/containers/containers.conf.d/50-berth.conf
  newer 100.0
  run package_tool --force-confold --install "$BATS_TEST_TMPDIR/newer.deb"
  assert_success
  installed 100.0
  grep -q '^# mine$' /etc/containers/containers.conf.d/50-berth.conf
}

@test "is removed, then purged: nothing stays" {
  listed=$(dpkg --listfiles berth)
  run package_tool --remove berth
  assert_success
  assert_missing /usr/bin/berth
  assert_file /etc/containers/containers.conf.d/50-berth.conf
  run package_tool --purge berth
  assert_success
  while IFS= read -r file; do
    [[ -d $file ]] || assert_missing "$file"
  done <<< "$listed"
  run podman run --rm bb echo 'on the runtime from before'
  assert_output 'on the runtime from before'
}

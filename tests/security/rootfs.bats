#!/usr/bin/env bats
# Images and volumes that redirect what the runtime mounts, makes and changes: links that are there, and links that come while it works.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# Every way by which a link may lead to $outside: absolute, by "..", beyond the root.
link_out() { # PATH-IN-THE-ROOT [BELOW]
  mkdir -p "$(dirname "$bundle/rootfs/$1")"
  rm -rf "${bundle:?}/rootfs/$1"
  ln -s "${2-}$outside${3-}" "$bundle/rootfs/$1"
}

# The volume $volume, mounted at /volume, where another container, the attacker, exchanges "dir" and "link" for ever.
racing_volume() { # TARGET-OF-THE-LINK
  volume=$BATS_TEST_TMPDIR/volume
  mkdir -p "$volume/dir"
  ln -s "$1" "$volume/link"
  bundle attacker
  install_attack
  add_mount /volume bind "$volume" bind
  args attack swap /volume/dir /volume/link
  start_new attacker
}

# Runs the current bundle N times, or until one has succeeded; it may succeed or fail, but do nothing to the host.
race() { # N
  local i log IFS=$'\n' succeeded=0 failed=0
  for ((i = 0; i < $1 || (succeeded == 0 && i < 10 * $1); i++)); do
    if berth run --bundle "$bundle" race > "$BATS_TEST_TMPDIR/race.log" 2>&1 < /dev/null; then
      succeeded=$((succeeded + 1))
    else
      failed=$((failed + 1))
    fi
    readarray -t log < "$BATS_TEST_TMPDIR/race.log"
    if [[ $'\n'${log[*]} = *$'\n''got '* ]]; then fail "in run $i:" "${log[@]}" || return; fi
  done
  untouched || return
  echo "$succeeded succeeded, $failed failed"
  # Neither side of the race was always the same, and berth came to an end of its work.
  ((succeeded > 0)) || fail "none succeeded" "$(< "$BATS_TEST_TMPDIR/race.log")"
}

@test "CVE-2019-19921 and others: mount points, files and devices behind links of the image stay inside" {
  local prefix
  secret
  for prefix in '' ../../../../../../../.. /../..; do
    bundle "image${prefix//\//_}"
    link_out data "$prefix"
    link_out file "$prefix" /new-file
    link_out deep/er "$prefix"
    link_out masked "$prefix"
    link_out mode "$prefix" /secret
    link_out existing "$prefix"
    add_mount /existing tmpfs t size=1m
    add_mount /data/volume tmpfs t size=1m
    add_mount /deep/er/and/deeper tmpfs t size=1m
    add_mount /file bind /etc/hostname bind
    config '.linux.devices = [{ type: "c", path: "/data/null", major: 1, minor: 3, uid: 1000, gid: 1000, fileMode: 438 },
        { type: "p", path: "/deep/er/pipe" }] |
      .process.cwd = "/data/work" |
      .linux.maskedPaths += ["/masked/secret", "/mode"] | .linux.readonlyPaths += ["/file"]'
    run_inside 'cut -d" " -f5 /proc/self/mountinfo; pwd -P; ls -l /data/ /deep/er/'
    assert_success
    # What was mounted lies where the links lead, but in the root.
    assert_line "$outside"
    assert_line "$outside/volume"
    assert_line "$outside/and/deeper"
    assert_line "$outside/new-file"
    assert_line "$outside/work"
    assert_contains 'null'
    assert_contains 'pipe'
    untouched
  done
}

@test "CVE-2026-47766: /dev is a link" {
  bundle one
  secret
  link_out dev
  run_inside 'pwd; ls /dev/'
  assert_success
  assert_line null
  untouched
  config '.mounts |= map(select(.destination | startswith("/dev") | not))' # the image's own
  run_inside 'ls /dev/'
  assert_line null
  untouched
}

@test "tmpcopyup copies links, not what they lead to" {
  bundle one
  secret
  link_out data/link
  link_out data/file '' /secret
  add_mount /data tmpfs t tmpcopyup
  run_inside 'ls -l /data/; cat /data/file /data/link/secret'
  assert_contains "file -> $outside/secret"
  refute_line secret
  untouched
}

# The image's link leads to the root, whose file system is the host's, or to a volume.
@test "a link cannot turn a remount on the host's file systems" {
  local fs=$BATS_TEST_TMPDIR/fs
  mkdir "$fs"
  mount -t tmpfs host "$fs"
  bundle one
  cp -a "$bundle/rootfs" "$fs/rootfs"
  ln -s / "$fs/rootfs/data"
  ln -s volume "$fs/rootfs/other"
  mkdir "$fs/volume"
  config '.root.path = $root' --arg root "$fs/rootfs"
  add_mount /volume bind "$fs/volume" bind ro
  add_mount /data none none remount ro
  run_config
  assert_error /mounts/8 'symbolic link'
  touch "$fs/still-writable" || fail "the host's file system is read-only"
  config '.mounts[8].destination = "/other" | .mounts[8].options = ["bind", "remount", "rw"]'
  run_inside 'touch /volume/made'
  assert_error /mounts/8 'symbolic link'
  assert_missing "$fs/volume/made"
  umount "$fs"
}

@test "CVE-2021-30465: a mount point is exchanged for a link while it is mounted on" {
  secret
  racing_volume "$outside"
  bundle race
  add_mount /volume bind "$volume" bind
  add_mount /volume/dir/made tmpfs t size=1m
  add_mount /volume/dir/file bind /etc/hostname bind
  add_mount /volume/dir tmpfs t size=1m tmpcopyup
  config '.linux.devices = [{ type: "c", path: "/volume/dir/deep/device", major: 1, minor: 3 }] | .process.cwd = "/volume/dir/work" |
    .linux.maskedPaths += ["/volume/dir/secret", "/volume/link/secret"] | .linux.readonlyPaths += ["/volume/dir", "/volume/link"]'
  script 'for file in /volume/dir/secret /volume/link/secret $0; do if grep -q secret $file 2> /dev/null; then echo "got $file"; fi; done
    [ "$(grep -c " /volume/\| $1" /proc/self/mountinfo)" -ge 3 ] || echo "got a mount elsewhere"'
  config '.process.args += [$secret, $outside]' --arg secret "$outside/secret" --arg outside "$outside"
  race 40
}

# The same with a link to the root of everything, over which mounts of the volume would show the host.
@test "CVE-2021-30465: nor does a mount land on the root" {
  secret
  racing_volume /
  bundle race
  add_mount /volume bind "$volume" bind
  add_mount /volume/dir bind "$volume" rbind
  add_mount /volume/dir/dir bind "$bundle/rootfs" rbind
  script 'for file in $0 /volume$0; do if grep -q secret $file 2> /dev/null; then echo "got $file"; fi; done
    [ -e /etc/passwd ] || echo "got another root"
    [ "$(grep -cE " (/volume/[^ ]*|/dir) " /proc/self/mountinfo)" -ge 2 ] || echo "got a mount elsewhere"'
  config '.process.args += [$secret]' --arg secret "$outside/secret"
  race 40
}

@test "a mount on / is the root for all who come, wherever the one below it was bound" {
  bundle onroot
  user_namespace
  cp -a "$bundle/rootfs" "$bundle/other"
  : > "$bundle/other/of-other"
  add_mount / bind other bind
  config '.mounts |= [.[-1]] + .[:-1]'
  script 'ls -d /of-other /../of-other; exec sleep 1000'
  local mode option
  # Where init may not go, the first root is bound elsewhere.
  for mode in 711 700; do
    chmod $mode "$BATS_TEST_TMPDIR"
    for option in '' --no-pivot; do
      start_new onroot $option
      wait_until grep -qx sleep "/proc/$(pid_of onroot)/comm"
      run berth exec onroot sh -c 'ls -d /of-other /../of-other; cat /proc/1/comm'
      assert_output $'/../of-other\n/of-other\nsleep'
      # Nothing of the host's is left in there, not even out of sight.
      [[ $option ]] || assert_equal "$mode $(awk '$5 == "/"' "/proc/$(pid_of onroot)/mountinfo" | wc -l)" "$mode 1"
      berth delete --force onroot
    done
  done
}

# For such options there is mount(2) alone, which makes a mount and gives no descriptor of it.
@test "a mount point exchanged for a link once it is mounted on: nothing is copied to where that leads" {
  local volume=$BATS_TEST_TMPDIR/volume
  bundle one
  mkdir -p "$volume/mount"
  echo planted > "$volume/mount/planted"
  ln -s /etc "$volume/link"
  config '.mounts += [{ destination: "/vol", type: "bind", source: $volume, options: ["bind"] },
    { destination: "/vol/mount", type: "tmpfs", source: "tmpfs", options: ["silent", "tmpcopyup"] }]' --arg volume "$volume"
  script 'ls /etc; cat /vol/link/planted'
  # Stopped once it has mounted: the first call makes the mounts slaves.
  strace -f -qq -o /dev/null -e signal=none -e trace=mount -e inject=mount:signal=SIGSTOP:when=2 \
    "$BERTH" --root "$BATS_TEST_TMPDIR/state" run --bundle "$bundle" one < /dev/null > "$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
  local mounter=''
  is_mounted() { mounter=$(grep -l "/vol/mount tmpfs" /proc/[0-9]*/mounts | cut -d/ -f3) && [[ $mounter ]]; }
  wait_until is_mounted
  attack swap "$volume/mount" "$volume/link" 1
  kill -CONT "$mounter"
  wait $! || :
  assert_equal "$(< "$BATS_TEST_TMPDIR/log")" $'group\npasswd\nplanted'
  assert_missing "$bundle/rootfs/etc/planted"
}

# pivot_root(2) changes the root of the mount namespace only for who has that for a root.
@test "a caller in a chroot: its host's root is not left in the container's mount namespace" {
  bundle jailed
  : > "$bundle/rootfs/of-container"
  script 'ls -d /of-container /../of-container; exec sleep 1000'
  local jail=$BATS_TEST_TMPDIR/jail host=$BATS_TEST_TMPDIR/host option
  mkdir -p "$jail"/{proc,sys,dev,bin} "$jail$BATS_TEST_TMPDIR" "$host"
  cp "$BERTH" "$jail/bin/berth"
  # What of the host's would hear of it, if something outside of the chroot were detached where it is shared.
  mount -t tmpfs host "$host"
  mount --make-shared "$host"
  mkdir "$host/mount"
  mount -t tmpfs host "$host/mount"
  furnish() {
    for option in proc sys dev; do mount --rbind /$option "$jail/$option"; done
    mount --bind "$BATS_TEST_TMPDIR" "$jail$BATS_TEST_TMPDIR"
  }
  in_jail() { chroot "$jail" /bin/berth --root "$BATS_TEST_TMPDIR/state" run --detach "$@" --bundle "$bundle" jailed < /dev/null > "$BATS_TEST_TMPDIR/log" 2>&1 3>&-; }
  # In a directory that no mount has for a root, nothing can be made a slave: refused before anything is detached.
  furnish
  for option in '' --no-pivot; do
    if in_jail $option; then fail "$option: a container whose mount namespace has the host's root"; fi
    grep -q 'berth run: ' "$BATS_TEST_TMPDIR/log" || fail "$(< "$BATS_TEST_TMPDIR/log")"
    assert_missing "$BATS_TEST_TMPDIR/state/jailed"
    mountpoint -q "$host/mount" || fail "the host has lost a mount"
  done
  for option in proc sys dev "$BATS_TEST_TMPDIR"; do umount --recursive "$jail/${option#/}"; done
  mount --bind "$jail" "$jail"
  furnish
  in_jail || fail "$(< "$BATS_TEST_TMPDIR/log")"
  wait_until grep -qx sleep "/proc/$(pid_of jailed)/comm"
  run berth exec jailed sh -c 'ls -d /of-container /../of-container; cat /proc/1/comm'
  assert_output $'/../of-container\n/of-container\nsleep'
  run nsenter --target "$(pid_of jailed)" --mount /bin/busybox ls -d /of-container
  assert_output /of-container
  assert_equal "$(grep -c "$host" "/proc/$(pid_of jailed)/mountinfo")" 0
  mountpoint -q "$host/mount" || fail "the host has lost a mount"
  berth delete --force jailed
  if in_jail --no-pivot; then fail "a container whose mount namespace has the host's root"; fi
  run cat "$BATS_TEST_TMPDIR/log"
  assert_contains 'the caller is in a chroot'
  assert_missing "$BATS_TEST_TMPDIR/state/jailed"
  umount --recursive "$host" "$jail"
}

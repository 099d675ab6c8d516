#!/usr/bin/env bats
# A /proc that is not what it seems, masks that do not cover, a console that is not ours.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# A directory that looks like /proc to who does not ask the kernel.
fake_proc() { # DIRECTORY
  mkdir -p "$1"/{self,thread-self,1}/attr/apparmor "$1/sys/kernel" "$1/sys/net/ipv4"
  touch "$1"/{self,thread-self,1}/attr/{exec,apparmor/exec,keycreate} "$1/sys/kernel/"{domainname,msgmax} "$1/sys/net/ipv4/ip_forward"
}

@test "CVE-2019-16884, CVE-2019-19921, CVE-2023-27561: /proc and /sys that are links" {
  bundle one
  local name
  for name in proc sys; do
    rmdir "$bundle/rootfs/$name"
    fake_proc "$bundle/rootfs/fake"
    ln -s /fake "$bundle/rootfs/$name"
    refused "/$name" 'ordinary directory'
    rm "$bundle/rootfs/$name"
    mkdir "$bundle/rootfs/$name"
  done
}

@test "CVE-2023-28642, CVE-2025-52881: mounts on and in /proc that would deceive" {
  bundle one
  fake_proc "$bundle/fake"
  local place
  cp "$bundle/config.json" "$bundle/plain.json"
  for place in /proc /proc/self/attr /proc/sys /proc/self/attr/exec /proc//sys/kernel /x/../proc/sysrq-trigger proc/1 /proc/self/fd; do
    cp "$bundle/plain.json" "$bundle/config.json"
    add_mount "$place" bind "$bundle/fake" bind
    refused /mounts/7 /proc
  done
  cp "$bundle/plain.json" "$bundle/config.json"
  ln -s proc/self/attr "$bundle/rootfs/harmless"
  add_mount /harmless tmpfs t size=1m
  refused /mounts/7 /proc
}

# What the file system is called does not make it one.
@test "a /proc that is a tmpfs, another directory, or a part of a procfs" {
  bundle one
  fake_proc "$bundle/fake"
  local source
  for source in "$bundle/fake" /proc/self /proc/sys; do
    config '.mounts[0] = { destination: "/proc", type: "bind", source: $source, options: ["bind"] }' --arg source "$source"
    refused /mounts/0 'type proc'
  done
  config '.mounts[0] = { destination: "/proc", type: "tmpfs", source: "t" }'
  refused /mounts/0 'type proc'
}

# Without a mount on /proc in the configuration, the image's own directory is there, with whatever in it.
@test "kernel parameters go to the kernel, whatever the image has at /proc" {
  local host
  host=$(< /proc/sys/kernel/msgmax)
  bundle one
  rmdir "$bundle/rootfs/proc"
  fake_proc "$bundle/rootfs/proc"
  config 'del(.mounts[0]) | .linux.sysctl = { "kernel.msgmax": "4711", "kernel.domainname": "attacked" } | .linux.maskedPaths = [] |
    .linux.readonlyPaths = []'
  script 'mkdir /real && cat /proc/sys/kernel/msgmax && sleep 1000'
  start_new one
  assert_equal "$(nsenter -t "$(pid_of one)" -i cat /proc/sys/kernel/msgmax)" 4711
  assert_equal "$(nsenter -t "$(pid_of one)" -u cat /proc/sys/kernel/domainname)" attacked
  assert_equal "$(< /proc/sys/kernel/msgmax)" "$host"
  assert_equal "$(find "$bundle/rootfs/proc" -type f -size +0)" ''
}

@test "CVE-2025-31133: masks are the host's null device, not what the image or another container calls so" {
  local volume=$BATS_TEST_TMPDIR/dev name
  mkdir -p "$volume/pts" "$volume/shm" "$volume/mqueue"
  for name in zero full random urandom tty ptmx; do touch "$volume/$name"; done
  mknod -m 666 "$volume/null" c 1 3
  echo visible > "$volume/false"
  bundle attacker
  install_attack
  add_mount /volume bind "$volume" bind
  args attack swap /volume/null /volume/false
  start_new attacker
  bundle race
  echo visible > "$bundle/rootfs/masked"
  mkdir "$bundle/rootfs/directory"
  touch "$bundle/rootfs/directory/visible"
  config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.maskedPaths += ["/masked", "/directory"]'
  add_mount /dev bind "$volume" bind
  script 'stat -c "%t %T" /masked /proc/timer_list /proc/keys; cat /masked; ls /directory; echo into > /masked'
  local i
  for i in {1..20}; do
    run berth run --bundle "$bundle" race < /dev/null
    assert_success
    assert_output $'1 3\n1 3\n1 3' || fail "in run $i"
  done
  berth delete --force attacker
  assert_equal "$(cat "$volume/null" "$volume/false" | tr -d '\0')" visible
}

# CVE-2025-31133 used a mask that was missing as well: what cannot be covered must not stay in sight.
@test "a mask that cannot be made is an error" {
  bundle one
  ln -s /proc/self/exe "$bundle/rootfs/magic"
  config '.linux.maskedPaths += ["/magic"]'
  refused /linux/maskedPaths
}

@test "CVE-2025-52565: the terminal is bound from its descriptor, onto no link's target outside" {
  bundle one
  secret
  config '.process.terminal = true | .mounts |= map(select(.destination == "/proc"))'
  mkdir -p "$bundle/rootfs/dev/pts"
  # A terminal multiplexer of the image's, of the host's instance, and a directory of names that look right.
  mknod -m 666 "$bundle/rootfs/dev/pts/ptmx" c 5 2
  ln -s "$outside/secret" "$bundle/rootfs/dev/pts/0"
  refused devpts
  add_mount /dev/pts bind "$outside" bind
  refused devpts
  config 'del(.mounts[1])'
  add_mount /dev/pts devpts devpts newinstance ptmxmode=0666
  ln -s "$outside/secret" "$bundle/rootfs/dev/console"
  script 'stat -L -c "%t:%T" /dev/console /dev/pts/0; echo to the console > /dev/console'
  run_config
  assert_contains 'to the console'
  assert_equal "$(grep -c "^88:0" <<< "$output")" 2
  untouched
  # In the root the link's target was made, and covered.
  [[ -e $bundle/rootfs$outside/secret ]]
}

@test "a console that another container exchanges meanwhile" {
  secret
  local volume=$BATS_TEST_TMPDIR/dev
  mkdir -p "$volume/pts"
  ln -s "$outside/secret" "$volume/link"
  touch "$volume/console"
  bundle attacker
  install_attack
  add_mount /volume bind "$volume" bind
  args attack swap /volume/console /volume/link
  start_new attacker
  bundle race
  config '.process.terminal = true | .mounts |= map(select(.destination | startswith("/dev") | not))'
  add_mount /dev bind "$volume" bind
  add_mount /dev/pts devpts devpts newinstance ptmxmode=0666
  script 'echo to the console > /dev/console'
  local i succeeded=''
  for ((i = 0; i < 20 || (i < 200 && !succeeded); i++)); do
    run berth run --bundle "$bundle" race < /dev/null
    untouched
    if ((status == 0)); then succeeded=1; fi
  done
  [[ $succeeded ]] || fail "it never comes to an end of it:" "$output"
}

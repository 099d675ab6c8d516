#!/usr/bin/env bats
# Programs that berth runs outside of the workload: hooks, and newuidmap and newgidmap. What they are given, and which they are.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# --- hooks -----------------------------------------------------------------------------------------------------------------

@test "hooks have their own environment, and nothing of the caller's" {
  bundle one
  install_attack
  local at
  for at in prestart createRuntime createContainer startContainer poststart poststop; do
    config '.hooks[$at] = [{ path: $path, args: ["attack", "environment"], env: ["HOOK=" + $at] }, { path: $path, args: ["attack", "environment"] }]' \
      --arg at $at --arg path "$(if [[ $at = startContainer ]]; then echo /bin/attack; else attack_program; fi)"
  done
  config '.process.env = ["PATH=/bin", "OF_WORKLOAD=secret"]'
  args true
  OF_CALLER=secret run berth "${telling[@]}" "$BATS_TEST_TMPDIR/log" run --bundle "$bundle" one < /dev/null
  assert_success
  # startContainer is run in the workload's place
  local path='has PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  assert_equal "$(hooks_wrote "$BATS_TEST_TMPDIR/log")" "has HOOK=prestart
$path
has HOOK=createRuntime
$path
has HOOK=createContainer
$path
has HOOK=startContainer
has PATH=/bin | has OF_WORKLOAD=secret | has HOME=/root
has HOOK=poststart
$path
has HOOK=poststop
$path"
}

@test "hooks have the state on standard input, and no other's; none can change it for the next" {
  bundle one
  local seen=$BATS_TEST_TMPDIR/seen at
  mkdir "$seen" "$bundle/rootfs/seen"
  cat > "$BATS_TEST_TMPDIR/hook" <<'END'
#!/bin/sh
(echo overwritten > /proc/self/fd/0; echo overwritten >> /proc/self/fd/0; echo overwritten >&0) 2> /dev/null
cat > "$1"
END
  chmod 755 "$BATS_TEST_TMPDIR/hook"
  cp "$BATS_TEST_TMPDIR/hook" "$bundle/rootfs/bin/hook"
  for at in prestart createRuntime createContainer startContainer poststart poststop; do
    config '.hooks[$at] = [1, 2 | { path: $path, args: ["hook", "\($seen)/\($at)\(.)"], env: ["PATH=/bin:/usr/bin"] }]' --arg at $at \
      --arg path "$(if [[ $at = startContainer ]]; then echo /bin/hook; else echo "$BATS_TEST_TMPDIR/hook"; fi)" \
      --arg seen "$(if [[ $at = startContainer ]]; then echo /seen; else echo "$seen"; fi)"
  done
  args true
  run berth run --bundle "$bundle" one <<< "the caller's input"
  assert_success
  mv "$bundle"/rootfs/seen/* "$seen/"
  assert_equal "$(find "$seen" -type f | wc -l)" 12
  for at in "$seen"/*; do assert_equal "$at $(jq -r .id "$at")" "$at one"; done
}

@test "the workload has the configuration's environment, and nothing of the caller's" {
  bundle one
  install_attack
  config '.process.env = ["PATH=/bin", "OF_WORKLOAD=1"]'
  args attack environment
  OF_CALLER=secret LISTEN_FDS=7 run_config
  assert_output $'has PATH=/bin\nhas OF_WORKLOAD=1\nhas HOME=/root'
  script 'sleep 1000'
  OF_CALLER=secret start_new one
  OF_CALLER=secret NOTIFY_SOCKET=/x run berth exec one attack environment
  assert_output $'has PATH=/bin\nhas OF_WORKLOAD=1\nhas HOME=/root'
}

# --- newuidmap, newgidmap --------------------------------------------------------------------------------------------------

# As a user without privileges, who needs the helpers for more than one id. $seen/NAME is what each helper has got; it then fails.
rootless() { # prepares it
  chmod 711 "$BATS_RUN_TMPDIR"
  cp "$BERTH" "$BATS_TEST_TMPDIR/berth" # which may be where the user has no access
  bundle one
  seen=$BATS_TEST_TMPDIR/seen
  mkdir -m 777 "$seen"
  mkdir -m 700 "$BATS_TEST_TMPDIR/rootless"
  chown 1000:1000 "$BATS_TEST_TMPDIR/rootless"
  chown -R 1000:1000 "$bundle"
  config '.linux.namespaces += [{ type: "user" }] | del(.linux.cgroupsPath, .linux.resources)
    | .linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }, { containerID: 1, hostID: 100000, size: 65536 }]
    | .linux.gidMappings = .linux.uidMappings'
  cat > "$BATS_TEST_TMPDIR/newuidmap" <<END
#!/bin/sh -p
{ tr '\0' ' ' < /proc/\$\$/cmdline; echo; cat /proc/self/environ | tr '\0' '\n'; } > $seen/\${0##*/}.new
mv $seen/\${0##*/}.new $seen/\${0##*/}
exit 7
END
  chmod 755 "$BATS_TEST_TMPDIR/newuidmap"
}

# Helpers where the host has its own. In a mount namespace, so that the host keeps them.
with_helpers() { # CMD...
  unshare --mount sh -c '
    if [ -e /usr/bin/newuidmap ]; then
      mount --bind "$0" /usr/bin/newuidmap && mount --bind "$0" /usr/bin/newgidmap
    else
      mount -t tmpfs -o mode=755 t /usr/local/bin && cp "$0" /usr/local/bin/newuidmap && cp "$0" /usr/local/bin/newgidmap
    fi && exec "$@"' "$BATS_TEST_TMPDIR/newuidmap" "$@" 3>&-
}

run_rootless() {
  run with_helpers setpriv --reuid 1000 --regid 1000 --clear-groups -- \
    env PATH="$BATS_TEST_TMPDIR/trap:$PATH" LD_LIBRARY_PATH=/nowhere SECRET=secret \
    "$BATS_TEST_TMPDIR/berth" --root "$BATS_TEST_TMPDIR/rootless/state" run --bundle "$bundle" one
}

set_trap() {
  local name
  mkdir "$BATS_TEST_TMPDIR/trap"
  for name in newuidmap newgidmap; do
    printf '#!/bin/sh\ntouch %s/trapped\n' "$seen" > "$BATS_TEST_TMPDIR/trap/$name"
    chmod 755 "$BATS_TEST_TMPDIR/trap/$name"
  done
}

@test "newuidmap is the host's, not the first in PATH; its environment is empty, its arguments are numbers" {
  rootless
  set_trap
  run_rootless
  assert_error newuidmap 'exit status 7'
  assert_missing "$seen/trapped"
  assert_file "$seen/newuidmap"
  # An interpreter's own arguments come first.
  assert_equal "$(head -n 1 "$seen/newuidmap" | sed -E 's/^.*newuidmap [0-9]+ /newuidmap PID /')" 'newuidmap PID 0 1000 1 1 100000 65536 '
  ! grep -qE 'SECRET|LD_|trap|HOME' "$seen/newuidmap" || fail "it has the caller's environment:" "$(< "$seen/newuidmap")"
}

@test "what is no number does not get as far as the helper" {
  rootless
  local value
  for value in '"0 0 1"' '"1000"' -1 4294967296 1.5 '[0]'; do
    config '.linux.uidMappings[1].hostID = "mark"'
    sed -i "s/\"mark\"/$value/" "$bundle/config.json"
    run_rootless
    assert_error /linux/uidMappings/1/hostID
  done
  config '.linux.uidMappings[1] = { containerID: 1, hostID: 4294967290, size: 100 }'
  run_rootless
  assert_error /linux/uidMappings/1
  assert_equal "$(ls "$seen")" ''
}

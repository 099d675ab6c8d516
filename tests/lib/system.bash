# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # jq's variables; those of whoever loads this; of common.bash and bats
# system.bash: a Debian with its own systemd in a container, by the configuration of docs/system-containers.md.
#
#   system_bundle ROOT     a bundle "system" whose root file system is ROOT
#   boot [CMD...]          runs it with a console of its own, in the background, by CMD (else $BERTH as in `berth`); what the console says goes
#                          to $console
#   wait_up                until it has reached its target
#   halt                   asks it to halt, and waits until berth has ended; the status of that is $halted

system_bundle() { # ROOT
  bundle=$BATS_TEST_TMPDIR/system
  mkdir "$bundle"
  sed -n '/^```json$/,/^```$/{/^```/!p}' "$top/docs/system-containers.md" > "$bundle/config.json"
  config '.root.path = $root | (.mounts[] | select(.destination == "/") | .source) = $root | .linux.cgroupsPath = "/berth-test-system"' --arg root "$1"
}

boot() { # [CMD...]
  local line
  console=$BATS_TEST_TMPDIR/console
  (($#)) || set -- "$BERTH" --root "$BATS_TEST_TMPDIR/state"
  printf -v line '%q ' exec "$@" run --bundle "$bundle" system
  command script --quiet --return --flush --command "$line" "$console" < /dev/null > /dev/null 2>&1 3>&- &
  booted=$!
}

is_up() { [[ $(berth exec system systemctl is-system-running 2> /dev/null) = @(running|degraded) ]]; }
wait_up() { WAIT=200 wait_until is_up || fail "the console:" "$(< "$console")"; }

halt() {
  berth kill system RTMIN+3
  halted=0
  wait "$booted" || halted=$?
}

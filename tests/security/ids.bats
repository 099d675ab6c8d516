#!/usr/bin/env bats
# Ids of containers as paths: every one of them stays below the state directory, and what lies there must be the caller's own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the container's variables; bats' subshells; variables of common.bash
load helper

# A container of somebody else's, with a state directory beside the one that is used here.
other_container() {
  bundle victim
  script 'sleep 1000'
  "$BERTH" --root "$BATS_TEST_TMPDIR/other" run --detach --bundle "$bundle" victim < /dev/null > /dev/null 2>&1 3>&-
  victim=$("$BERTH" --root "$BATS_TEST_TMPDIR/other" state victim | jq .pid)
  wait_until grep -qx sleep "/proc/$victim/comm"
  other=$(other_files)
}

other_files() { find "$BATS_TEST_TMPDIR/other" -type f | sort | xargs sha256sum; }

end_other() { # which must be as it was
  assert_equal "$("$BERTH" --root "$BATS_TEST_TMPDIR/other" state victim | jq -r .status)" running || return
  [[ $(< "/proc/$victim/comm") = sleep ]] || fail "process $victim is gone" || return
  assert_equal "$(other_files)" "$other" || return
  "$BERTH" --root "$BATS_TEST_TMPDIR/other" delete --force victim
}

every_command() { # ID TEXT...: none may work on it, and each says TEXT
  local id=$1 command
  shift
  for command in state start 'kill KILL' 'kill --all KILL' delete 'delete --force' pause resume 'exec true' ps 'events --stats' \
    'update --pids-limit 5'; do
    local words=() arguments=()
    read -ra words <<< "$command"
    case ${words[0]} in
      kill | exec) arguments=("${words[@]:0:${#words[@]} - 1}" -- "$id" "${words[-1]}") ;;
      *) arguments=("${words[@]}" -- "$id") ;;
    esac
    run berth "${arguments[@]}"
    assert_failure || fail "$command of $id" || return
    local text
    for text; do assert_contains "$text" || fail "$command of $id" || return; done
  done
}

@test "an id is no path" {
  other_container
  bundle one
  script 'touch /ran'
  mkdir "$BATS_TEST_TMPDIR/state"
  local id
  for id in ../other/victim . .. ./x x/../../other/victim /tmp "$BATS_TEST_TMPDIR/other/victim" @seccomp .../../other/victim \
    $'a\nb' 'a b' $'\xff' "$(printf 'x%.0s' {1..1025})"; do
    every_command "$id" 'container id'
    run berth run --bundle "$bundle" -- "$id"
    assert_error 'container id'
    run berth create --bundle "$bundle" -- "$id"
    assert_error 'container id'
  done
  assert_missing "$bundle/rootfs/ran"
  assert_equal "$(ls -A "$BATS_TEST_TMPDIR/state")" ''
  end_other
}

@test "a link in the state directory is not followed" {
  other_container
  mkdir "$BATS_TEST_TMPDIR/state"
  ln -s ../other/victim "$BATS_TEST_TMPDIR/state/link"
  every_command link
  bundle one
  run berth run --bundle "$bundle" link
  assert_error 'already exists'
  rm "$BATS_TEST_TMPDIR/state/link"
  end_other
}

not_listed() { # ID WHY
  run --separate-stderr berth list
  assert_success
  [[ $output != *"$1"* && $stderr = *"$1"*"$2"* ]] || fail "$output$stderr"
}

# Its owner could have the runtime, as root, signal whom it likes.
@test "a state that others own, or can write, is not believed" {
  other_container
  mkdir "$BATS_TEST_TMPDIR/state"
  cp -a "$BATS_TEST_TMPDIR/other/victim" "$BATS_TEST_TMPDIR/state/planted"
  chown 1000 "$BATS_TEST_TMPDIR/state/planted"
  every_command planted 'belongs to user 1000'
  not_listed planted 'belongs to user 1000'
  chown 0 "$BATS_TEST_TMPDIR/state/planted"
  local mode
  for mode in 777 720 702; do
    chmod $mode "$BATS_TEST_TMPDIR/state/planted"
    every_command planted 'can be written by others'
    not_listed planted 'can be written by others'
  done
  rm -r "$BATS_TEST_TMPDIR/state/planted"
  end_other
}

@test "what lies in a container's state is removed with it, what it links to is not" {
  secret
  bundle one
  start_new one
  wait_until is one stopped
  local state=$BATS_TEST_TMPDIR/state/one
  ln -s "$outside" "$state/link"
  ln -s "$outside/secret" "$state/other"
  mkdir "$state/directory"
  ln -s "$outside" "$state/directory/link"
  berth delete one
  assert_missing "$state"
  untouched
}

@test "the path of a bundle, and annotations, cannot say what is not so" {
  local path=$BATS_TEST_TMPDIR/$'x","pid":1,"status":"stopped","y":"\n' other
  sleep 1000 3>&- &
  other=$!
  wait_until grep -qx sleep "/proc/$other/comm"
  bundle one
  config '.annotations = { ($text): $text }' --arg text 'x","pid":'$other',"y":"'
  script 'sleep 1000'
  mkdir "$path"
  mv "$bundle" "$path/one"
  ln -s "$path" "$BATS_TEST_TMPDIR/link"
  bundle=$BATS_TEST_TMPDIR/link/../link/./one
  create one
  berth start one
  run berth state one
  assert_equal "$(jq -r .bundle <<< "$output")" "$path/one"
  assert_equal "$(jq -r .status <<< "$output")" running
  [[ $(< "/proc/$(jq .pid <<< "$output")/cgroup") = *0::/berth-test-one ]]
  assert_equal "$(berth list --format json | jq length)" 1
  berth kill one KILL
  wait_until is one stopped
  berth delete one
  [[ $(< "/proc/$other/comm") = sleep ]] || fail "process $other was killed"
  kill $other
  wait $other || :
}

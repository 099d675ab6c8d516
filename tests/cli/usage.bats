#!/usr/bin/env bats
# The command line itself.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2154,SC2317 # bats' subshells; variables of common.bash
load ../lib/common

commands=(create start run kill delete checkpoint restore exec ps pause resume update mounts list state events top spec features)
manual() { cat "$top/docs/man/berth${1:+-$1}.8"; } # [COMMAND]

# Long and short options of a command (none: of berth) as its --help lists them.
options_of() { # [COMMAND]
  "$BERTH" ${1+"$1"} --help | sed -nE 's/^  (-(.),|   ) --([a-z0-9-]+).*/\3 \2/p'
}

# Help --------------------------------------------------------------------

@test "without arguments, help is shown" {
  run "$BERTH"
  assert_success
  assert_contains "Usage: berth"
}

@test "help lists every command" {
  local command
  run "$BERTH" --help
  assert_success
  for command in "${commands[@]}"; do assert_matches "  $command +[a-z]"; done
}

@test "every command has help: as -h, --help and by the help command" {
  local command text
  for command in "${commands[@]}"; do
    text=$("$BERTH" "$command" --help)
    [[ $text = "Usage: berth $command "*Options:* ]] || fail "$command: $text"
    assert_equal "$("$BERTH" "$command" -h)" "$text"
    assert_equal "$("$BERTH" help "$command")" "$text"
  done
}

@test "help wins over missing arguments" {
  run "$BERTH" kill --help
  assert_success
}

@test "version: the line that Docker looks for is the only one with the word" {
  run "$BERTH" --version
  assert_success
  assert_equal "$(grep -c version <<< "$output")" 1
  assert_matches '^berth version [0-9]+\.[0-9]+\.[0-9]+'
  assert_line "spec: 1.3.0"
  assert_equal "$("$BERTH" -v)" "$output"
}

@test "--criu, which older engines pass on: a warning" {
  run -0 --separate-stderr "$BERTH" --root "$BATS_TEST_TMPDIR/state" --criu /nowhere/criu list --quiet
  assert_output ""
  # shellcheck disable=SC2154 # bats sets it
  [[ $stderr = *"--criu is ignored"* ]] || fail "$stderr"
  "$BERTH" --root "$BATS_TEST_TMPDIR/state" --log "$BATS_TEST_TMPDIR/log" --criu=/nowhere/criu list --quiet 2> "$BATS_TEST_TMPDIR/err"
  assert_equal "$(< "$BATS_TEST_TMPDIR/err")" ""
  grep -q -e '--criu is ignored' "$BATS_TEST_TMPDIR/log"
}

@test "output that cannot be written is an error" {
  run bash -c '"$0" --help > /dev/full' "$BERTH"
  assert_error "standard output" "No space left"
}

# Manual pages and completions know all of it ------------------------------

# A process for each option would take longer than everything else here.
has() { [[ $'\n'$1$'\n' =~ $2 ]]; } # TEXT EXPRESSION, for which \n is before and after each line
n=$'\n'

@test "every command and option is in the manual pages" {
  local command name letter page
  for command in '' "${commands[@]}"; do
    page=$(manual "$command")
    while read -r name letter; do
      has "$page" "$n\.It [^$n]*Fl -${name}[ $n]" || fail "berth${command:+-$command}(8): no --$name"
      [[ ! $letter ]] || has "$page" "$n\.It Fl $letter , Fl -$name" || fail "berth${command:+-$command}(8): no -$letter for --$name"
    done < <(options_of ${command:+"$command"})
    [[ ! $command ]] || manual | grep -qF "Xr berth-$command 8" || fail "berth(8) does not name $command"
  done
}

@test "the manual pages have no option that is not there" {
  local command name known
  for command in '' "${commands[@]}"; do
    known=$(options_of ${command:+"$command"})
    while read -r name; do
      has "$known" "$n${name}[ $n]" || fail "berth${command:+-$command}(8) has --$name"
    done < <(manual "$command" | grep -E '^\.It (Fl . , )?Fl -' | sed -E 's/.*Fl -([a-z0-9-]+).*/\1/')
  done
}

# bats test_tags=host-only
@test "the manual pages are clean" {
  # Which other pages are installed is no fault of theirs.
  run bash -c 'mandoc -Tlint "$0"/*.8 2> /dev/null | grep -v "referenced manual not found"' "$top/docs/man"
  assert_output ""
}

@test "every command and option is in the completions" {
  local command name letter missing=() bash zsh fish
  # shellcheck source=docs/completions/berth.bash
  source "$top/docs/completions/berth.bash"
  zsh=$(< "$top/docs/completions/_berth") fish=$(< "$top/docs/completions/berth.fish")
  for command in '' "${commands[@]}"; do
    bash=" $(_berth_options "$command") "
    while read -r name letter; do
      [[ $bash = *" --$name "* ]] || missing+=("bash: $command --$name")
      [[ ! $letter || $bash = *" -$letter "* ]] || missing+=("bash: $command -$letter")
      [[ $name = help ]] || has "$zsh" "--${name}[][{}'=\"]" || missing+=("zsh: $command --$name")
      has "$fish" "-l ${name}[ $n]" || missing+=("fish: $command --$name")
    done < <(options_of ${command:+"$command"})
    [[ ! $command ]] || has "$zsh" "$n +'?${command}[:)]" || missing+=("zsh: $command")
    [[ ! $command ]] || has "$fish" "-a $command " || missing+=("fish: $command")
  done
  assert_equal "${missing[*]}" ""
}

@test "the completions have no option that is not there" {
  local command option known all=''
  # shellcheck source=docs/completions/berth.bash
  source "$top/docs/completions/berth.bash"
  for command in '' "${commands[@]}"; do
    known=$(options_of ${command:+"$command"})
    all+=$known$n
    for option in $(_berth_options "$command"); do
      [[ $option != --* ]] || has "$known" "$n${option#--}[ $n]" || fail "bash: $command $option"
    done
  done
  while read -r option; do
    has "$all" "$n${option}[ $n]" || fail "fish: --$option"
  done < <(sed -nE 's/^complete .* -l ([a-z0-9-]+).*/\1/p' "$top/docs/completions/berth.fish")
  while read -r option; do
    has "$all" "$n${option}[ $n]" || fail "zsh: --$option"
  done < <(grep -oE -- '--[a-z0-9-]+[[}]' "$top/docs/completions/_berth" | grep -oE '[a-z][a-z0-9-]+')
}

complete_line() { # WORD...: what bash offers for the last one
  # shellcheck source=docs/completions/berth.bash
  source "$top/docs/completions/berth.bash"
  compopt() { :; } # there is no completion going on
  COMP_WORDS=("$BERTH" "$@") COMP_CWORD=$# COMPREPLY=()
  _berth
  echo "${COMPREPLY[*]}"
}

@test "bash completes commands, options, values and ids" {
  assert_equal "$(complete_line re)" "restore resume"
  assert_equal "$(complete_line --log-f)" "--log-format"
  assert_equal "$(complete_line --log-format j)" "json"
  assert_equal "$(complete_line --log json run --det)" "--detach"
  assert_equal "$(complete_line list -f t)" "table"
  assert_equal "$(complete_line kill web US)" "USR1 USR2"
  assert_equal "$(complete_line top --format j)" "json"
  assert_equal "$(complete_line checkpoint --network-lock n)" "nftables"
  assert_equal "$(complete_line update --net-i)" "--net-ingress"
  bundle one
  create one
  assert_equal "$(complete_line --root "$BATS_TEST_TMPDIR/state" state o)" "one"
  assert_equal "$(complete_line --root "$BATS_TEST_TMPDIR/state" exec -e A=b o)" "one"
  assert_equal "$(complete_line --root "$BATS_TEST_TMPDIR/state" top --interval 5s x o)" "one"
}

# Usage errors ------------------------------------------------------------

usage_error() { # TEXT ARG...: refused with TEXT and a hint, nothing on standard output
  local text=$1
  shift
  run --separate-stderr "$BERTH" "$@"
  assert_failure 1
  assert_equal "$output" ""
  # shellcheck disable=SC2154 # set by run
  output=$stderr
  assert_contains "$text"
  assert_matches 'Try "berth.* --help"\.'
}

@test "unknown commands and options are refused" {
  usage_error 'unknown command "bogus"' bogus
  usage_error 'unknown option --bogus' --bogus list
  usage_error 'unknown option --bogus' list --bogus
  usage_error 'unknown option -x' list -x
  usage_error 'unknown option -qx' list -qx
  usage_error 'unknown option --q' list --qx
  usage_error 'unknown option --version' list --version
  # Options of another command.
  usage_error 'unknown option --force' list --force
}

@test "missing and superfluous arguments are refused" {
  local command
  for command in create start run kill delete exec ps pause resume update state events; do usage_error "expected ID" $command; done
  for command in create start run delete pause resume update state events; do usage_error 'unexpected argument "b"' $command a b; done
  usage_error 'unexpected argument "c"' kill a TERM c
  usage_error 'unexpected argument "a"' list a
  usage_error 'unexpected argument "a"' spec a
  usage_error 'unexpected argument "a"' features a
}

@test "wrong values are refused" {
  usage_error "--log-format xml: must be text|json" --log-format xml list
  usage_error "--log-level loud: must be" --log-level loud list
  usage_error "--rootless perhaps: must be" --rootless perhaps list
  usage_error "--cgroup-manager none: must be" --cgroup-manager none list
  usage_error "--format xml: must be table|json" list --format xml
  usage_error "--quiet=maybe: must be true or false" list --quiet=maybe
  local number
  for number in -1 x 1x 0x1 99999999999 +1 ' 1' ''; do
    usage_error "--preserve-fds $number: must be a number" run --preserve-fds "$number" a
  done
}

@test "an option at the end without its value is refused" {
  usage_error "--bundle: flag needs an argument (DIR)" create a --bundle
  usage_error "--format: flag needs an argument" list -f
  usage_error "--root: flag needs an argument" --root
}

# Forms of options ----------------------------------------------------------

@test "options in all forms that runc and crun take" {
  local root=$BATS_TEST_TMPDIR/state
  bundle one
  create one
  for form in "--format json" "--format=json" "-format json" "-format=json" "-f json" "-f=json" "-fjson" "-q=false -f json" \
    "--quiet=0 -fjson" "--quiet=F --format=table --format=json"; do
    # shellcheck disable=SC2086 # words
    run "$BERTH" --root "$root" list $form
    assert_success
    assert_equal "$form: $(jq -r '.[].id' <<< "$output")" "$form: one"
  done
  for form in -q --quiet -quiet --quiet=true --quiet=1 -q=T "-qf json" "-fjson -q"; do
    # shellcheck disable=SC2086
    run "$BERTH" --root "$root" list $form
    assert_equal "$form: $output" "$form: one"
  done
  for form in "--root $root" "--root=$root" "-root $root" "-root=$root" "--root /nowhere --root $root" "--debug=false --root $root"; do
    # shellcheck disable=SC2086
    run "$BERTH" $form list -q
    assert_equal "$form: $output" "$form: one"
  done
}

@test "options may stand behind the arguments, until --" {
  run berth delete nothing --force
  assert_success
  run berth delete -- nothing --force
  assert_error 'unexpected argument "--force"'
  run berth state -- nothing
  assert_error "does not exist"
}

@test "exec and ps leave what follows the id to the command" {
  run berth exec nothing ls --help -x --bogus
  assert_failure 255
  assert_contains "does not exist"
  run berth ps nothing --bogus
  assert_error "does not exist"
  usage_error "unknown option --bogus" exec --bogus nothing ls
}

@test "an empty value is none" {
  mkdir "$BATS_TEST_TMPDIR/empty"
  cd "$BATS_TEST_TMPDIR/empty"
  run "$BERTH" spec --bundle ''
  assert_success
  assert_file config.json
}

@test "a relative state directory is below the working directory" {
  cd "$BATS_TEST_TMPDIR"
  bundle one
  create one
  run "$BERTH" --root state list -q
  assert_output one
}

@test "a kernel that is too old is told so" {
  bundle one
  local command
  for command in create run; do
    run setarch --uname-2.6 "$BERTH" --root "$BATS_TEST_TMPDIR/state" $command --bundle "$bundle" one
    assert_error "needs Linux 5.14 or newer" "2.6."
  done
}

# Errors and the log ----------------------------------------------------------

@test "an error is one line on standard error that names the command" {
  run --separate-stderr berth state nothing
  assert_failure 1
  assert_equal "$output" ""
  assert_equal "${stderr%%does not exist*}" "berth state: container "
  assert_equal "$(wc -l <<< "$stderr")" 1
}

@test "exec's own errors have a status of their own" {
  run berth exec nothing true
  assert_failure 255
}

@test "with --log, the error is in the log, in runc's forms, and on standard error" {
  local log=$BATS_TEST_TMPDIR/log
  run --separate-stderr berth --log "$log" --log-format json state nothing
  assert_failure 1
  assert_equal "$(jq -r 'keys | join(" ")' "$log")" "level msg time"
  assert_equal "$(jq -r .level "$log")" error
  assert_equal "berth state: $(jq -r .msg "$log")" "$stderr"
  date -d "$(jq -r .time "$log")" > /dev/null

  rm "$log"
  run berth --log "$log" state nothing
  assert_failure 1
  [[ $(< "$log") =~ ^time=\"[0-9TZ:-]+\"\ level=error\ msg=\"container\ does\ not\ exist.*\"$ ]] || fail "$(< "$log")"
}

@test "the log holds nothing else by default, as Podman reads one object of it" {
  local log=$BATS_TEST_TMPDIR/log
  bundle one
  config '.process.args = ["nowhere"]'
  run berth --log "$log" --log-format json create --bundle "$bundle" one
  assert_failure 1
  assert_equal "$(jq -s length "$log")" 1
  run jq -r .msg "$log"
  assert_contains 'executable file not found in $PATH'
}

@test "a usage error is in the log too" {
  local log=$BATS_TEST_TMPDIR/log
  run berth --log "$log" --log-format json state --bogus
  assert_failure 1
  assert_equal "$(jq -r .msg "$log")" "unknown option --bogus"
}

@test "the log is appended to" {
  local log=$BATS_TEST_TMPDIR/log
  echo first > "$log"
  run berth --log "file:$log" state nothing
  assert_equal "$(head -n1 "$log")" first
  assert_equal "$(wc -l < "$log")" 2
}

@test "logs that are no files, and files that cannot be made, are refused" {
  run berth --log journald:x list
  assert_error "journald:x" "only a file"
  run berth --log syslog:x list
  assert_error "syslog:x" "only a file"
  run berth --log /nowhere/log list
  assert_error "/nowhere/log" "No such file"
}

@test "an error that nobody reads is a failure like any other" {
  local what
  for what in gone full; do
    run timeout 60 python3 "$top/tests/lib/stderr_pipe.py" "$what" "$BERTH" --root "$BATS_TEST_TMPDIR/state" state nothing 3>&-
    assert_failure 1
    run timeout 60 python3 "$top/tests/lib/stderr_pipe.py" "$what" "$BERTH" state --bogus 3>&-
    assert_failure 1
  done
}

@test "a FIFO as log: not waited for, neither for its reader nor for room" {
  local fifo=$BATS_TEST_TMPDIR/fifo
  mkfifo "$fifo"
  run timeout 60 "$BERTH" --log "$fifo" --root "$BATS_TEST_TMPDIR/state" state nothing
  assert_error "$fifo" "nobody reads"
  exec 4<> "$fifo"
  run timeout 60 "$BERTH" --log "$fifo" --root "$BATS_TEST_TMPDIR/state" state nothing 4>&-
  assert_error "container does not exist"
  read -r -u 4 line
  assert_equal "${line#* }" 'level=error msg="container does not exist: nothing"'
  # Full, for whoever would wait.
  timeout 60 python3 -c 'import os
os.set_blocking(4, False)
try:
    while True: os.write(4, b"x")
except BlockingIOError: os.set_blocking(4, True)'
  run timeout 60 "$BERTH" --log "$fifo" --root "$BATS_TEST_TMPDIR/state" state nothing 4>&-
  assert_failure 1
  assert_error "container does not exist"
  exec 4>&-
}

@test "closed streams where there is no /dev/null: an error that says so" {
  run unshare --mount bash -c 'mount -t tmpfs none /dev && exec "$@" <&-' - "$BERTH" --root "$BATS_TEST_TMPDIR/state" list
  assert_failure 1
  assert_error "descriptor 0 is closed" /dev/null
}

@test "--debug tells more" {
  local log=$BATS_TEST_TMPDIR/log
  mkdir -p "$BATS_TEST_TMPDIR/state/half"
  run berth --log "$log" --debug list
  assert_success
  grep -q 'level=debug msg="half: ' "$log" || fail "$(cat "$log")"
  run berth --log "$log.2" --log-level debug list
  grep -q level=debug "$log.2"
  run berth --log "$log.3" list
  assert_equal "$(cat "$log.3")" ""
  rmdir "$BATS_TEST_TMPDIR/state/half"
}

@test "an error cannot steer the terminal" {
  run "$BERTH" $'bo\e[31mgus\x07\xc2\x9b'
  assert_failure 1
  assert_contains 'unknown command "bo?[31mgus???"'
}

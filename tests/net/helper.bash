# shellcheck shell=bash disable=SC2154 # top and bundle are common.bash's
# helper.bash: containers that send and receive over a network of their own.
# After common.bash, a file that uses it calls net_begin in its setup and net_end
# first in its teardown.
#
#   net_begin [host]           two network namespaces, joined by a veth pair: in
#                              $inside 10.9.9.1 and fd99::1, for a container; in
#                              $outside 10.9.9.2 and fd99::2.  host: $inside is
#                              where we are
#   limited NAME [WAY=TEXT...] a running container NAME in $inside with the
#                              annotations org.berth.network.WAY; the jq filter
#                              $also changes more of its configuration
#   limit ID WAY TEXT          sets the limit of one way anew
#   counters ID WAY            what `events --stats` tells of that way: rate and burst
#                              ("max -" without a limit), then bytes and packets that
#                              passed, and bytes and packets that were dropped; "none"
#                              where nothing limits or counts
#   programs ID                kinds of programs on its cgroup, as the kernel knows them
#   outside CMD...             runs CMD in $outside
#   measure ID WAY STREAMS [OPTION...]
#                              prints the payload, in bits a second, that arrives
#                              over so many streams from (egress) or in (ingress)
#                              container ID; options as of `traffic pour`
#                              (SETTLE and SECONDS: from the environment)
#   assert_rate RATE ID WAY STREAMS [OPTION...]
#                              that it is RATE within 10 %, in one of three tries:
#                              what else this machine does can only disturb it; `-v` of
#                              tests/run shows what it was

: "${SETTLE:=1}" "${SECONDS_MEASURED:=4}"

traffic_program() { static_program traffic "$top/tests/net/traffic.c"; }

new_namespace() { # leaves its process in $!
  unshare --net sleep 1000000 3>&- &
  # It is there once it is another one than ours.
  wait_until eval "[[ \$(readlink /proc/$!/ns/net) != \"$(readlink /proc/self/ns/net)\" ]]"
}

net_begin() { # [host]
  local i
  inside_holder=$$
  if [[ ${1-} != host ]]; then
    new_namespace
    inside_holder=$!
  fi
  new_namespace
  outside_holder=$!
  inside=/proc/$inside_holder/ns/net outside=/proc/$outside_holder/ns/net
  ip link add name eth9 netns "$inside_holder" type veth peer name peer9 netns "$outside_holder"
  for i in "$inside 1 eth9" "$outside 2 peer9"; do
    # shellcheck disable=SC2016,SC2086 # for the inner shell; three words
    nsenter --net="${i%% *}" sh -euc '
      ip link set lo up
      ip address add 10.9.9.$1/24 dev $2
      ip address add fd99::$1/64 dev $2 nodad
      ip link set $2 up' sh ${i#* }
  done
}

net_end() {
  local holder
  # The other end goes with it.
  nsenter --net="$outside" ip link delete peer9
  for holder in "$outside_holder" "$inside_holder"; do
    if [[ $holder != "$$" ]]; then
      kill "$holder"
      wait "$holder" || :
    fi
  done
}

limit() { berth update "--net-$2" "$3" "$1"; } # ID WAY TEXT

# shellcheck disable=SC2016 # $way is jq's
counters() { # ID WAY
  berth events --stats "$1" | jq -r --arg way "$2" '.data.network[$way] | if . then
    [.rate // "max", .burst // "-", .passedBytes, .passedPackets, .droppedBytes, .droppedPackets] | join(" ") else "none" end'
}

programs() { "$top/tests/net/programs.py" "$(cgroup_of "$1")" | paste -sd' '; } # ID

outside() { nsenter --net="$outside" "$@"; }

limited() { # NAME [WAY=TEXT...]
  local annotation
  bundle "$1"
  cp "$(traffic_program)" "$bundle/rootfs/bin/traffic"
  # shellcheck disable=SC2016 # the variables are jq's
  for annotation in "${@:2}"; do
    config '.annotations["org.berth.network." + $way] = $text' --arg way "${annotation%%=*}" --arg text "${annotation#*=}"
  done
  # shellcheck disable=SC2016
  config '.linux.namespaces |= map(select(.type != "network")) + if $own then [{ type: "network", path: $path }] else [] end' \
    --arg path "$inside" --argjson own "$([[ $inside_holder = "$$" ]] && echo false || echo true)"
  script 'exec sleep 1000000'
  config "${also:-.}"
  start_new "$1"
}

measure() { # ID WAY STREAMS [OPTION...]
  local id=$1 way=$2 streams=$3 address=10.9.9. kind=() seconds=$((SETTLE + SECONDS_MEASURED + 2)) to from
  shift 3
  if [[ " $* " = *' -6 '* ]]; then address=fd99:: kind+=(-6); fi
  if [[ " $* " = *' -u '* ]]; then kind+=(-u); fi
  if [[ $way = egress ]]; then
    address=${address}2 to=(outside "$(traffic_program)") from=(berth exec "$id" traffic)
  else
    address=${address}1 to=(berth exec "$id" traffic) from=(outside "$(traffic_program)")
  fi
  "${from[@]}" pour "$@" "$address" 5000 "$streams" $seconds >&2 3>&- &
  "${to[@]}" sink "${kind[@]}" 5000 "$SETTLE" "$SECONDS_MEASURED"
  wait $!
}

assert_rate() { # RATE ID WAY STREAMS [OPTION...]
  local rate=$1 got measured=()
  shift
  while ((${#measured[@]} < 3)); do
    got=$(measure "$@")
    measured+=("$got")
    if ((got * 10 >= rate * 9 && got * 10 <= rate * 11)); then
      echo "# $*: $got bits a second, $((got * 1000 / rate - 1000))e-3 off $rate" >&3
      return
    fi
  done
  fail "$*: expected $rate bits a second within 10 %, got: ${measured[*]}"
}

# shellcheck shell=bash
# helper.bash: what the engines' suites share.  They run in the test machine only
# and in the open: tests/run engines (through vm), or tests/engines/run.
#
# One test is one feature, named as the table of tests/engines/run names it.  The
# same tests run under berth and under the runtimes that engines come with:
#   $RUNTIME      berth (default), crun or runc: from $BERTH_ENGINE_RUNTIME
#
#   install_berth             puts the program where `make install PREFIX=/usr` does
#   image_tar                 prints the path of a root file system with busybox, as a tar archive
#   group_of PID              the directory of a process's cgroup
#   terminal CMD...           runs it on a terminal, whose line ends come out as \n; "settings restored" is last
#   no_groups_left PATTERN    no cgroup with such a name is there any more, soon
#   says TEXT CMD...          whether that is what CMD prints, on stdout and stderr, but for empty lines at the end
#   has TEXT CMD...           whether it is in that
#   $fetch                    a script for a client: prints what the container "server" serves, once it does
#   message BERTH [PEER]      asserts that the last `run` failed with berth's own words, or a peer's
load ../lib/common

RUNTIME=${BERTH_ENGINE_RUNTIME:-berth}
engines_cache=/var/tmp/berth-engines # not /tmp: a tmpfs has no user.* attributes on old kernels, and little room

setup() { :; }
teardown() { :; }

install_berth() {
  need_vm || return 0
  cmp -s "$BERTH" /usr/bin/berth || install -m 755 "$BERTH" /usr/bin/berth
}

image_tar() {
  local root=$engines_cache/rootfs
  if [[ ! -e $engines_cache/image.tar ]]; then
    mkdir -p "$root"/{bin,dev,etc,home,proc,root,run,sys,tmp,usr/bin,var,srv}
    chmod 1777 "$root/tmp"
    cp "$(command -v busybox)" "$root/bin/busybox"
    chroot "$root" /bin/busybox --install -s /bin
    printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n' > "$root/etc/passwd"
    printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' > "$root/etc/group"
    tar -C "$root" -cf "$engines_cache/image.tar" .
    chmod 755 "$engines_cache"
  fi
  echo "$engines_cache/image.tar"
}

group_of() { # PID
  local line
  while IFS= read -r line; do
    if [[ $line = 0::* ]]; then echo "/sys/fs/cgroup${line#0::}"; fi
  done < "/proc/$1/cgroup"
}

# shellcheck disable=SC2154 # $top is common.bash's
terminal() { # CMD...
  # Nobody types: an engine may lose output where input that nobody has read is there at the end (Podman: its connection to conmon is reset).
  python3 "$top/tests/lib/on_terminal.py" 24x80 -- "$@" 3>&- | tr -d '\r'
}

no_group() { # PATTERN
  local groups
  groups=$(find /sys/fs/cgroup -type d -name "$1")
  [[ ! $groups ]] || { echo "$groups" >&2; return 1; }
}
no_groups_left() { wait_until no_group "$1"; }

says() { [[ $("${@:2}" 2>&1) = "$1" ]]; } # TEXT CMD...
has() { [[ $("${@:2}" 2>&1) = *"$1"* ]]; } # TEXT CMD...

# shellcheck disable=SC2034 # the suites'
fetch='until wget -qO- http://server/ 2> /dev/null; do sleep 0.2; done'

# shellcheck disable=SC2154 # bats' own
message() { # BERTH [PEER]
  assert_failure
  if [[ $RUNTIME = berth ]]; then assert_contains "$1"; elif (($# > 1)); then assert_contains "$2"; fi
}

# shellcheck disable=SC2154 # $top is common.bash's
podman_config() { # makes $RUNTIME Podman's default, as docs/podman.md says
  mkdir -p /etc/containers/containers.conf.d
  install -m 644 "$top/packaging/podman.conf" /etc/containers/containers.conf.d/50-berth.conf
  printf '[engine]\nruntime = "%s"\n' "$RUNTIME" > /etc/containers/containers.conf.d/60-runtime.conf
}

image_archive() { # prints the path of an archive with the images docker.io/library/{bb,pause}:latest
  local archive=$engines_cache/archive layer
  if [[ ! -e $archive.tar ]]; then
    layer=$(image_tar)
    mkdir -p "$archive"
    cp "$layer" "$archive/layer.tar"
    image_config "$layer" '["sh"]' > "$archive/bb.json"
    image_config "$layer" '["sleep", "1000000"]' > "$archive/pause.json"
    jq -n '["bb", "pause"] | map({ Config: "\(.).json", RepoTags: ["docker.io/library/\(.):latest"], Layers: ["layer.tar"] })' > "$archive/manifest.json"
    tar -C "$archive" -cf "$archive.tar" manifest.json bb.json pause.json layer.tar
  fi
  echo "$archive.tar"
}

image_config() { # LAYER COMMAND
  jq -n --arg id "sha256:$(sha256sum "$1" | cut -d' ' -f1)" --argjson command "$2" '{ architecture: "amd64", os: "linux",
    rootfs: { type: "layers", diff_ids: [$id] }, config: { Cmd: $command, Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] } }'
}

docker_config() { # [MEMBER]: prints daemon.json with $RUNTIME as default, as docs/docker.md says
  mkdir -p /etc/docker
  jq -n --arg runtime "$RUNTIME" "{ \"default-runtime\": \$runtime, runtimes: { berth: { path: \"/usr/bin/berth\" }, crun: { path: \"/usr/bin/crun\" } }${1+, $1} }"
}

containerd_config() { # prints config.toml: what docs/kubernetes.md says for the containerd that is there, the same for runc and crun, and what pods need
  local version=3 cri="plugins.'io.containerd.cri.v1.runtime'" images="plugins.'io.containerd.cri.v1.images'.pinned_images" pause=sandbox
  local plugins='bin_dirs = ["/usr/lib/cni"]' guide name
  if [[ $(containerd --version) = *' 1.'* ]]; then
    version=2 cri='plugins."io.containerd.grpc.v1.cri"' images='plugins."io.containerd.grpc.v1.cri"' pause=sandbox_image
    plugins='bin_dir = "/usr/lib/cni"'
  fi
  guide=$(sed -n "/^version = $version\$/,/^\`\`\`/{ /^\`/!p }" "$top/docs/kubernetes.md")
  printf '%s\n' "$guide"
  for name in runc crun; do
    sed "/^version/d; s/runtimes\.berth/runtimes.$name/; s|/usr/bin/berth|$(type -P $name)|" <<< "$guide"
  done
  printf '[%s.containerd]\ndefault_runtime_name = "runc"\n[%s.cni]\n%s\n' "$cri" "$cri" "$plugins"
  printf '[%s]\n%s = "docker.io/library/pause:latest"\n' "$images" "$pause"
}

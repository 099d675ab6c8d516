# berth: make | make demo | make check | make lint | make format | make install PREFIX= DESTDIR= | make deb | make clean
# Variables: CC, LIBC=musl|glibc, SANITIZE=1 (glibc, ASan and UBSan), V=1.

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),,$(PREFIX))/etc
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
BUILD   ?= build

rooms   := base oci namespaces cgroups rootfs runtime
lib_src := $(sort $(foreach room,$(rooms),$(wildcard $(room)/*.c)))
cli_src := $(sort $(wildcard cli/*.c))

# The release binary is static. On musl it starts in a tenth of the time that glibc's start-up code takes.
LIBC ?= $(if $(SANITIZE),glibc,$(if $(shell command -v musl-gcc),musl,glibc))
multiarch := $(shell gcc -print-multiarch)
# Where a jump or a return may lead is checked by processors that can. Debian's musl has no marks for jumps, so that a program linked with it has
# none either.
jumps     := $(if $(filter glibc,$(LIBC)),1)
branches  := $(if $(filter x86_64-%,$(multiarch)),$(if $(jumps),-fcf-protection,-fcf-protection=none))
branches  += $(if $(filter aarch64-%,$(multiarch)),-mbranch-protection=$(if $(jumps),standard,pac-ret))

warnings := -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef -Wvla \
            -Wpointer-arith -Wcast-qual -Wwrite-strings -Wimplicit-fallthrough -Wno-format-nonliteral
CPPFLAGS += -I. -D_GNU_SOURCE -DBERTH_VERSION='"$(VERSION)"'

ifdef SANITIZE
CFLAGS  ?= -O1 -g
harden  := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined -Wl,--build-id
LDLIBS  := -lseccomp -lcap -lyajl -lcgroup
else
CFLAGS  ?= -O2 -g
# No tables for unwinding at run time: nothing unwinds C, and a debugger has its own.
CFLAGS  += -fno-asynchronous-unwind-tables -fno-unwind-tables
harden  := -fPIE -fstack-protector-strong -fstack-clash-protection $(branches) -ffunction-sections -fdata-sections \
           $(if $(findstring -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
LDFLAGS += -Wl,--gc-sections,--build-id,-z,relro,-z,now,-z,noexecstack
LDLIBS  := -lseccomp -lcap -lyajl_s $(BUILD)/libcgroup.a
endif

ifeq ($(LIBC),musl)
# Debian's libraries are built for glibc; base/musl.c gives them the few names of it that musl lacks. The kernel's and the
# libraries' headers come after musl's own.
# libcgroup comes last: it has large tables, and a start touches less when its own memory is not beyond them.
musl_lib  := /usr/lib/$(shell gcc -print-multiarch | sed 's/-gnu.*/-musl/')
musl_libs := $(patsubst -l%,/usr/lib/$(multiarch)/lib%.a,$(filter -l%,$(LDLIBS))) $(musl_lib)/libc.a $(filter-out -l%,$(LDLIBS))
COMPILE   := musl-gcc
CPPFLAGS  += -idirafter /usr/include -idirafter /usr/include/$(multiarch)
LDFLAGS   += -Wl,-T,cli/start.ld,-Map=$@.map
# Its own beginning, before the C library's (cli/start.c).
ifneq ($(filter x86_64-% aarch64-%,$(multiarch)),)
CPPFLAGS  += -DBERTH_START
LDFLAGS   += -Wl,-e,start_here,-z,pack-relative-relocs
endif
crt       := $(musl_lib)/rcrt1.o $(musl_lib)/crti.o $(shell gcc -print-file-name=crtbeginS.o)
crt_end   := $(shell gcc -print-file-name=crtendS.o) $(musl_lib)/crtn.o
LINK      = musl-gcc -static -nostartfiles -Wl,-pie,--no-dynamic-linker,-z,text $(LDFLAGS) -o $@ $(crt) -Wl,--start-group $(1) $(musl_libs) -Wl,--end-group $(crt_end)
else
COMPILE   := $(CC)
LINK      = $(CC) $(if $(SANITIZE),,-static-pie) $(LDFLAGS) -o $@ $(1) $(LDLIBS)
endif

# A missing library gets one clear line.
headers := seccomp.h:libseccomp-dev sys/capability.h:libcap-dev yajl/yajl_parse.h:libyajl-dev libcgroup.h:libcgroup-dev
missing := $(foreach pair,$(headers),$(if $(wildcard $(foreach dir,/usr/include /usr/include/$(multiarch) /usr/local/include,\
           $(dir)/$(firstword $(subst :, ,$(pair))))),,$(lastword $(subst :, ,$(pair)))))
ifneq ($(strip $(missing)),)
ifneq ($(filter-out check demo clean lint format,$(or $(MAKECMDGOALS),all)),)
$(error berth needs $(strip $(missing)): install with `apt-get install $(strip $(missing))`, or run `tests/install-deps build`)
endif
endif

quiet := $(if $(V),,@)
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

.PHONY: all demo check check-vm check-engines check-builds bench deb lint format install uninstall clean unit
.DELETE_ON_ERROR:

all: $(BUILD)/berth

libs_made := $(filter $(BUILD)/%,$(LDLIBS))

$(BUILD)/berth: $(call objects,$(cli_src)) $(BUILD)/libberth.a $(libs_made) cli/start.ld
	@echo "  LINK $@"
	$(quiet)$(call LINK,$(call objects,$(cli_src)) $(BUILD)/libberth.a)
	$(quiet)$(if $(SANITIZE),,objcopy --only-keep-debug $@ $@.debug && strip $@)

$(BUILD)/libberth.a: $(call objects,$(lib_src))
	@echo "  AR   $@"
	$(quiet)rm -f $@ && ar rcs $@ $^

# Only cgroups/host.c calls libcgroup, to see what a host has. What the rest of it would bring into a static program (its
# configuration files and with them systemd's bus, which has no static library; user data bases; fts) stays unresolved; and
# libseccomp has a library_version, too.
$(BUILD)/libcgroup.a: $(lastword $(wildcard $(addsuffix /libcgroup.a,/usr/lib /usr/lib/$(multiarch) /usr/local/lib))) $(BUILD)/flags
	$(quiet)objcopy --wildcard --redefine-sym library_version=cgroup_library_version \
		$(addprefix --weaken-symbol=,'cgroup_config_*' 'fts_*' 'getgr*' 'getpw*') $< $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(quiet)$(COMPILE) -std=gnu11 $(CPPFLAGS) $(warnings) $(harden) $(CFLAGS) -MMD -MP -c -o $@ $<

# Objects depend on how they were compiled.
flags := $(COMPILE) $(CPPFLAGS) $(warnings) $(harden) $(CFLAGS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(flags))' | cmp -s - $@ || echo '$(subst ','\'',$(flags))' > $@

# Unit tests run on the machine's C library with the sanitizers, one program a file.
unit_programs := $(patsubst tests/unit/%.c,build/unit/%,$(sort $(wildcard tests/unit/test_*.c)))

unit:
	$(quiet)$(MAKE) --no-print-directory SANITIZE=1 BUILD=build/sanitized $(unit_programs)

build/unit/%: tests/unit/%.c $(wildcard tests/unit/*.h) $(BUILD)/libberth.a $(libs_made)
	@mkdir -p $(@D)
	@echo "  CC   $@"
	$(quiet)$(CC) -std=gnu11 $(CPPFLAGS) $(warnings) $(harden) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libberth.a $(LDLIBS) -lcmocka

# What is pure in cli/ is no part of the library: its test includes it.
build/unit/test_top: cli/table.c cli/top_rows.c
build/unit/test_resctrl: cli/stats_json.c

# The second make sees what the first has installed.
check:
	tests/install-deps
	$(quiet)$(MAKE) --no-print-directory -j$$(nproc) all unit
	$(quiet)$(MAKE) --no-print-directory lint deb
	tests/builds/headers
	tests/run

# The whole of the container's tests in the test machine as well; the emulation makes that long.
check-vm: all
	BERTH_TIMING= tests/run vm/runtime vm/security vm/suites

# Podman, containerd, Docker of Debian 13 and of unstable: every test of each, on berth and on the runtimes that they come with, and a table of the outcome.
check-engines: all deb
	tests/engines/run --suite trixie --suite sid

# Debian 13, unstable, and 13 for arm64: berth is built in each, and what comes out is tested.
check-builds:
	tests/builds/run

# runc's own integration tests on berth and on runc: where they differ without a reason in tests/compare/runc-differences.
check-runc: all
	tests/compare/runc-suite

.PHONY: check-runc

demo:
	tests/install-deps build demo
	$(quiet)$(MAKE) --no-print-directory -j$$(nproc) all
	tests/demo

bench: all
	tests/bench/run

# Has something become slower, by ratio to the floor?
bench-check: all
	tests/bench/run --check

# What depends on all controllers and systemd, in the test machine.
bench-vm: all
	tests/bench/vm

# What a user of Podman, containerd and Docker feels, there.
bench-engines: all
	tests/bench/engines/run

.PHONY: bench-check bench-vm bench-engines

# What a machine can see in the sources.
lint:
	tests/lint/layers
	tests/lint/sources
	tests/lint/shell
	tests/conformance/check
	tests/compare/options.py --check
	tests/engines/table --check

format:
	clang-format -i $(foreach room,$(rooms) cli tests/unit,$(wildcard $(room)/*.[ch]))

install: all
	install -D -m 755 $(BUILD)/berth $(DESTDIR)$(PREFIX)/bin/berth
	for page in docs/man/*.[1-8]; do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit; done
	install -D -m 644 docs/completions/berth.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/berth
	install -D -m 644 docs/completions/_berth $(DESTDIR)$(ZSHDIR)/_berth
	install -D -m 644 docs/completions/berth.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/berth.fish
	install -D -m 644 packaging/podman.conf $(DESTDIR)$(SYSCONFDIR)/containers/containers.conf.d/50-berth.conf

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/berth $(DESTDIR)$(PREFIX)/share/man/man*/berth*.[1-8] \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/berth $(DESTDIR)$(ZSHDIR)/_berth \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/berth.fish $(DESTDIR)$(SYSCONFDIR)/containers/containers.conf.d/50-berth.conf

# A Debian package, in build/deb; made of a copy, since packages are built from a directory "debian" at the top.
deb_tree := build/deb/berth-$(VERSION)
deb_files := $(rooms) cli docs Makefile README.md LICENSE

deb:
	rm -rf build/deb && mkdir -p $(deb_tree)/packaging
	cp -a $(deb_files) $(deb_tree) && cp -a packaging/podman.conf $(deb_tree)/packaging && cp -a packaging/debian $(deb_tree)/debian
	test "$$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)" = $(VERSION)
	cd $(deb_tree) && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage --build=binary --no-sign > ../build.log 2>&1 || { tail -n 40 ../build.log; exit 1; }
	lintian --allow-root --fail-on error,warning build/deb/*.changes
	rm -rf $(deb_tree)

.PHONY: FORCE

clean:
	rm -rf build

-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d' -type f)

# hantar: GNU make, no configure.  `make help` lists the targets.
# Local settings (CC, prefix, ...) may stand in config.mk.

VERSION = 0.1.0

prefix = /usr/local
sbindir = $(prefix)/sbin
mandir = $(prefix)/share/man
sysconfdir = /etc
unitdir = $(prefix)/lib/systemd/system
spooldir = /var/spool/hantar
# Whom a spool of the whole system belongs to.
user = hantar

-include config.mk

O ?= build
CC ?= cc
INSTALL ?= install
PYTHON ?= /usr/bin/python3
V ?=
Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

# A flag is used if the compiler takes it; SANITIZE and COVER replace the
# hardening, which they do not go together with.
try = $(shell $(CC) -Werror $(1) -x c -c -o /dev/null - </dev/null \
	>/dev/null 2>&1 && printf '%s' '$(1)')
trylink = $(shell echo 'int main(void){return 0;}' | $(CC) -Werror $(1) \
	-x c -o /dev/null - >/dev/null 2>&1 && printf '%s' '$(1)')

SANITIZE ?=
COVER ?=
comma := ,
ifneq ($(SANITIZE),)
MODE_FLAGS := -O1 -g -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -DPOOL_EACH -DHANTAR_SANITIZED
MODE_LDFLAGS := -fsanitize=$(SANITIZE)
else ifneq ($(COVER),)
MODE_FLAGS := -O0 -g --coverage
MODE_LDFLAGS := --coverage -Wl,-u,__gcov_dump
else ifeq ($(MAKECMDGOALS),clean)
else
MODE_FLAGS := -O2 -g -D_FORTIFY_SOURCE=3 \
	$(foreach f,-fstack-protector-strong -fstack-clash-protection \
	-fcf-protection -ftrivial-auto-var-init=zero \
	-fzero-call-used-regs=used-gpr -fno-plt,$(call try,$(f)))
MODE_LDFLAGS := $(foreach f,-Wl$(comma)-z$(comma)relro \
	-Wl$(comma)-z$(comma)now -Wl$(comma)-z$(comma)noexecstack \
	-Wl$(comma)--as-needed,$(call trylink,$(f)))
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wpointer-arith \
	-Wnull-dereference -Wdouble-promotion -Wswitch-enum -Wdate-time \
	$(foreach f,-Wlogical-op -Wduplicated-cond -Wduplicated-branches \
	-Wjump-misses-init -Wformat-overflow=2 -Wformat-truncation=2 \
	-Wstringop-overflow=4,$(call try,$(f)))
WERROR ?=

CFLAGS ?=
CPPFLAGS ?=
LDFLAGS ?=
# _GNU_SOURCE in one place: O_TMPFILE, pipe2 and the like are used all over
# floor 1, and a file must not see another libc than its neighbour.
ALL_CPPFLAGS = -Isrc -D_GNU_SOURCE -DHANTAR_VERSION='"$(VERSION)"' \
	-DHANTAR_SYSCONFDIR='"$(sysconfdir)"' \
	-DHANTAR_SPOOLDIR='"$(spooldir)"' -DHANTAR_USER='"$(user)"' $(CPPFLAGS)
ALL_CFLAGS = -std=c11 -fPIE -fno-common $(WARN) $(WERROR) $(MODE_FLAGS) \
	-ffile-prefix-map=$(CURDIR)=. $(CFLAGS)
ALL_LDFLAGS = -pie $(MODE_LDFLAGS) $(LDFLAGS)
# OpenSSL and libidn2 are loaded when they are needed (src/os/openssl.h, idn.h);
# only what plays the server in tests is linked with OpenSSL.
LDLIBS = -lresolv
TEST_LDLIBS = -lssl -lcrypto $(LDLIBS)

SRC := $(sort $(wildcard src/*/*.c))
OBJ := $(SRC:%.c=$(O)/%.o)
UNIT := $(sort $(wildcard tests/unit/*_test.c))
UNIT_BIN := $(UNIT:tests/unit/%.c=$(O)/tests/%)
TESTLIB := $(sort $(wildcard tests/lib/*.c))
TESTLIB_OBJ := $(TESTLIB:%.c=$(O)/%.o)
TALKS := $(sort $(wildcard tests/talk/*.talk tests/talk/*/*.talk))
MAN8 := hantar.8
MAN1 := mailq.1 newaliases.1
MAN5 := hantar.conf.5 hantar-spool.5
MAN7 := hantar-smtp.7

.DEFAULT_GOAL := all
.PHONY: all install install-system uninstall check check-unit check-talk check-system \
	check-asan check-asan-all check-valgrind check-fuzz fuzz lint cover clean help dev format \
	tests bench matrix fault check-fault check-fault-all \
	check-mutants check-model check-model-all
.SECONDARY:

all: $(O)/hantar ## build the program (default)

dev: ## build with warnings as errors, gcc and clang
	$(Q)$(MAKE) WERROR=-Werror O=build/gcc CC=gcc all
	$(Q)$(MAKE) WERROR=-Werror O=build/clang CC=clang all

$(O)/hantar: $(O)/src/main.o $(O)/libhantar.a
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/libhantar.a: $(OBJ)
	$(call say,AR,$@)rm -f $@ && ar rcsD $@ $^

$(O)/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Rebuilds everything when the flags change.
FLAGS = $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS)
$(O)/flags: force
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(FLAGS))' >$@
.PHONY: force

# Virtual time: tests replace what waits, tells the time and makes sockets;
# and what ends a child, for coverage (tests/lib/leave.c).
# Failures: the calls for files, see tests/lib/fail.h.
WRAP := $(addprefix -Wl$(comma)--wrap=,_exit sys_poll clock_now $(addprefix sys_,\
	socket read write pread pwrite open openat renameat unlinkat mkdirat \
	fstatat fstat fstatvfs fchmod fchown futimens ftruncate fsync fdatasync flock))
$(O)/tests/%: $(O)/tests/unit/%.o $(TESTLIB_OBJ) $(O)/libhantar.a
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) $(WRAP) -o $@ $^ -lcmocka $(TEST_LDLIBS)

TALK_OBJ := $(patsubst %.c,$(O)/%.o,$(sort $(wildcard tests/talk/*.c)))
$(O)/talk: $(TALK_OBJ) $(TESTLIB_OBJ) $(O)/libhantar.a
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) $(WRAP) -o $@ $^ -lcmocka $(TEST_LDLIBS)

# The model is not of the program, and no sanitizer sees more in it.
ON_PROGRAM = check-unit check-talk check-fuzz check-fault check-system
check: check-model $(ON_PROGRAM) ## all tests (as root: the system tests make namespaces)

check-unit: $(UNIT_BIN) ## unit tests
	$(Q)set -e; for t in $(UNIT_BIN); do PYTHON=$(PYTHON) \
		HANTAR_CORPORA=$(if $(CORPORA),$(abspath $(CORPORA))) $$t; done

check-talk: $(O)/talk ## the conversations in tests/talk, and the matrix
	$(Q)$(O)/talk -m $(TALKS)

# Fuzz targets: replayed over their corpora by check, searched by fuzz.
FUZZ := $(patsubst tests/fuzz/%_fuzz.c,%,$(sort $(wildcard \
	tests/fuzz/*_fuzz.c)))
FUZZ_SECONDS ?= 60
$(O)/replay/%: $(O)/tests/fuzz/%_fuzz.o $(O)/tests/fuzz/replay.o \
		$(O)/libhantar.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

check-fuzz: $(FUZZ:%=$(O)/replay/%) ## the fuzz targets over their corpora
	$(Q)set -e; for t in $(FUZZ); do \
		$(O)/replay/$$t tests/fuzz/corpus/$$t/*; \
		echo "$$t: $$(ls tests/fuzz/corpus/$$t | wc -l) inputs"; done

# For the search everything is compiled once more, with what guides it.
FUZZ_FLAGS = -g -O1 -std=c11 $(ALL_CPPFLAGS) -Itests/fuzz -DPOOL_EACH \
	-DHANTAR_SANITIZED -fno-sanitize-recover=all
build/fuzz/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)clang $(FUZZ_FLAGS) -MMD -MP \
		-fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

build/fuzz/%: build/fuzz/obj/tests/fuzz/%_fuzz.o $(SRC:%.c=build/fuzz/obj/%.o)
	$(call say,LD,$@)clang -fsanitize=fuzzer,address,undefined -o $@ $^ \
		$(LDLIBS)

# What is found stays in build/fuzz/corpus-*, and guides the next search.
.PHONY: $(FUZZ:%=fuzz-%)
fuzz: $(FUZZ:%=fuzz-%) ## search with libFuzzer, FUZZ_SECONDS each
$(FUZZ:%=fuzz-%): fuzz-%: build/fuzz/%
	$(Q)mkdir -p build/fuzz/corpus-$*; d=tests/fuzz/dict/$*; \
	build/fuzz/$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-print_final_stats=1 -max_len=16384 -artifact_prefix=build/fuzz/ \
		$$(test ! -f $$d || echo -dict=$$d) build/fuzz/corpus-$* \
		tests/fuzz/corpus/$* >build/fuzz/$*.log 2>&1 || \
		{ tail -40 build/fuzz/$*.log; exit 1; }; \
	printf '%s: %s runs\n' $* "$$(sed -n \
		's/^stat::number_of_executed_units: *//p' build/fuzz/$*.log)"

# What `make bench` measures with, and against: see tests/bench/bench.py.
BENCH := $(addprefix $(O)/bench/,sink floor floor_tls flood delay pace commit)
$(O)/bench/sink: $(O)/tests/bench/sink_talk.o
$(O)/bench/%: $(O)/tests/bench/%.o
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(TEST_LDLIBS)

BENCH_FLAGS ?=
bench: $(O)/hantar $(BENCH) ## speed, beside other programs (as root; BENCH_FLAGS=--help)
	$(Q)$(PYTHON) tests/bench/bench.py --hantar $(O)/hantar $(BENCH_FLAGS)

matrix: $(O)/hantar ## what becomes of mail by server, TLS and level, beside msmtp and dma (as root)
	$(Q)$(PYTHON) tests/bench/matrix.py --hantar $(O)/hantar

# The order of all that is done to an entry: see tests/model/model.c.
MODEL := $(sort $(wildcard tests/model/*.c))
$(O)/model: $(MODEL:%.c=$(O)/%.o)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^

check-model: $(O)/model ## the spool's protocol holds, and needs each of its rules
	$(Q)$(O)/model

check-model-all: $(O)/model ## the same with more faults, and all traces (minutes, 4 GB)
	$(Q)$(O)/model --all

# Every call fails in turn, the power goes, ...: see fault.py, cuts.py, disks.py and
# limits.py of tests/fault.
FAULT := $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)), \
	$(O)/fault/engine $(O)/fault/shim.so)
FAULT_LOOP = $(if $(FAULT),$(PYTHON) tests/fault/$(1).py --build $(O),echo \
	'the fault engine is for x86-64 only, so nothing is tried:')
$(O)/fault/engine: $(patsubst %,$(O)/tests/fault/%.o,engine trace journal calls)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^

$(O)/fault/shim.so: tests/fault/shim.c tests/fault/page.h $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CPPFLAGS) -std=c11 -O2 -fPIC -shared \
		$(WARN) $(WERROR) $(if $(SANITIZE),-DHANTAR_SANITIZED) \
		-o $@ $< -ldl

CASE ?=
fault: $(O)/hantar $(FAULT) ## one run with one fault, as CASE=... of check-fault says
	$(Q)$(call FAULT_LOOP,fault) --case '$(CASE)'

FAULT_PARTS = fault cuts disks limits
check-fault: $(O)/hantar $(FAULT) ## samples: calls fail, processes die, the power goes, disks are full
	$(Q)set -e; $(foreach p,$(FAULT_PARTS),$(call FAULT_LOOP,$(p)) --sample;)

check-fault-all: $(O)/hantar $(FAULT) ## every call fails in every way, every process dies at it, in turn
	$(Q)set -e; $(foreach p,$(FAULT_PARTS),$(call FAULT_LOOP,$(p));)

check-mutants: ## a step left out or swapped, and the proof must notice, each (minutes)
	$(Q)$(PYTHON) tests/fault/mutants.py --build $(O)

TESTS = $(O)/hantar $(UNIT_BIN) $(O)/talk $(O)/model $(FUZZ:%=$(O)/replay/%) $(BENCH) \
	$(FAULT)
tests: $(TESTS) ## build all that check runs

CORPORA ?=
SYSTEM ?= tests/system
check-system: $(O)/hantar $(BENCH) ## the real program against real servers
	$(Q)$(PYTHON) -m pytest -q -p no:cacheprovider $(SYSTEM) \
		--hantar $(abspath $(O)/hantar) $(if $(CORPORA),--corpora $(CORPORA))

# Sanitizers take twice the time: in short only those system tests in which the
# program meets what others have written.
MEETING := aliases auth dns hostile injection message tls
check-asan: ## the same tests under ASan and UBSan, but for some system tests
	$(Q)$(MAKE) O=build/asan SANITIZE=address,undefined $(ON_PROGRAM) \
		SYSTEM='$(MEETING:%=tests/system/test_%.py)'

check-asan-all: ## all of them
	$(Q)$(MAKE) O=build/asan SANITIZE=address,undefined $(ON_PROGRAM)

check-valgrind: $(UNIT_BIN) ## unit tests under valgrind
	$(Q)set -e; for t in $(UNIT_BIN); do \
		valgrind -q --error-exitcode=99 --leak-check=full $$t; done

lint: ## floors, headers, banned calls, formatters and analysers
	$(Q)scripts/lint

format: ## run clang-format over the tree
	$(Q)clang-format -i --style=file:scripts/clang-format.yaml \
		$$(git ls-files -co --exclude-standard '*.[ch]')

cover: ## line and branch coverage of the unit and talk tests
	$(Q)mkdir -p build/cover && find build/cover -name '*.gcda' -delete
	$(Q)$(MAKE) O=build/cover COVER=1 check-unit check-talk
	$(Q)scripts/cover build/cover

SBIN = $(DESTDIR)$(sbindir)
MAN = $(DESTDIR)$(mandir)
install: all ## install under DESTDIR and prefix
	$(INSTALL) -d '$(SBIN)' $(foreach n,1 5 7 8,'$(MAN)/man$(n)')
	$(INSTALL) -p -m 755 $(O)/hantar '$(SBIN)/hantar'
	$(foreach n,1 5 7 8,$(INSTALL) -p -m 644 $(MAN$(n):%=man/%) '$(MAN)/man$(n)/' &&) :

# Each file of dist/, and where it goes.
DIST := sysusers.conf tmpfiles.conf hantar.service hantar.timer hantar.path \
	cron hantar.conf
sysusers.conf_at = $(prefix)/lib/sysusers.d/hantar.conf
tmpfiles.conf_at = $(prefix)/lib/tmpfiles.d/hantar.conf
hantar.service_at = $(unitdir)/hantar.service
hantar.timer_at = $(unitdir)/hantar.timer
hantar.path_at = $(unitdir)/hantar.path
cron_at = $(sysconfdir)/cron.d/hantar
hantar.conf_at = $(prefix)/share/doc/hantar/hantar.conf
FILL = sed $(foreach v,prefix sbindir sysconfdir spooldir user,\
	-e 's|@$(v)@|$($(v))|g')

install-system: install ## the same for all users, with a spool and units that run its queue
	$(Q)set -e; umask 022; put() { mkdir -p "$${2%/*}"; \
		$(FILL) "$$1" >"$$2"; chmod 644 "$$2"; }; \
	$(foreach f,$(DIST),put dist/$(f).in '$(DESTDIR)$($(f)_at)';)
	$(if $(DESTDIR),@echo 'the package is to do the rest: see README',\
	$(Q)dist/settle '$(user)' '$(spooldir)' '$(sbindir)/hantar' \
		'$(sysusers.conf_at)')

uninstall: ## remove what install and install-system put there
	rm -f '$(SBIN)/hantar' $(foreach n,1 5 7 8,$(MAN$(n):%='$(MAN)/man$(n)/%')) \
		$(foreach f,$(DIST),'$(DESTDIR)$($(f)_at)')

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | \
		sed 's/:.*##/\t/' | expand -t 16

-include $(shell find $(O)/src $(O)/tests build/fuzz/obj -name '*.d' -type f 2>/dev/null)

# portlab - the front door. `make help` lists what there is.
#
# Everything that is made goes below build/. A lab's programs are named in its
# lab.conf; the suite's own are one line each below.

SHELL    := /bin/sh
BUILD    := build
OBJ      := $(BUILD)/obj
PORTLAB  := exec common/lab/portlab

CC       ?= cc
# Whoever writes #define _GNU_SOURCE himself defines the same.
CPPFLAGS := -D_GNU_SOURCE= -Icommon
CFLAGS   ?= -O2 -g
WARN     := -std=c17 -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
            -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
            -Wwrite-strings -Wcast-qual -Wpointer-arith -Wvla -Wundef \
            -fno-common
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all \
            -fno-omit-frame-pointer
ifeq ($(SAN),1)
CFLAGS   += $(SANITIZE)
endif
ifeq ($(CI),true)
WERROR   := -Werror
endif

LIB      := $(OBJ)/libportlab.a
LIB_SRC  := $(wildcard common/*.c)
LABS     := $(patsubst %/lab.conf,%,$(wildcard labs/*/lab.conf))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

# --- programs: name, sources (common/*.c are always linked) ------------------

# $(call program,FILE,SOURCES): one rule, and FILE joins PROGRAMS. What has no
# sources here is left out: the students' kit lacks some.
program = $(if $(strip $(wildcard $(2))),$(program_rule))
define program_rule
PROGRAMS += $(BUILD)/$(1)
SOURCES  += $(2)
$(BUILD)/$(1): $(patsubst %.c,$(OBJ)/%.o,$(2)) $(LIB)
endef

$(eval $(call program,bin/ladder,$(wildcard common/ladder/*.c)))
$(eval $(call program,lab/labns,common/lab/labns.c))
$(eval $(call program,lab/await,$(wildcard common/lab/await*.c)))
$(eval $(call program,lab/onsave,common/lab/onsave.c))
$(eval $(call program,lab/listen,common/lab/listen.c))
$(eval $(call program,test/jail,$(wildcard tests/tools/jail*.c)))
$(eval $(call program,test/attack,tests/self/jail/attack.c))
$(eval $(call program,test/net_test,tests/self/net_test.c))
$(eval $(call program,test/cli_test,tests/self/cli_test.c))
$(eval $(call program,test/http_test,tests/self/http_test.c \
                      labs/05-http/solution/request.c))
$(eval $(call program,test/ask,tests/self/httpd/ask.c))
$(eval $(call program,test/ceiling,tests/bench/ceiling.c))
$(eval $(call program,test/calls,tests/bench/calls.c))
$(eval $(call program,test/echo_peer,tests/self/echo_peer.c))
$(eval $(call program,test/probe,$(wildcard tests/tools/probe*.c)))
$(eval $(call program,test/chaos,tests/tools/chaos.c))
$(eval $(call program,test/report,$(wildcard tests/tools/report*.c)))

# $(call lab_conf,LAB,KEY): what the lines KEY: of a lab.conf have, a word each,
# in which | stands for a blank.
empty :=
space := $(empty) $(empty)
tab   := $(empty)	$(empty)
define newline


endef
lab_conf  = $(patsubst $(2):%,%,$(filter $(2):%,$(subst $(newline), ,$(subst \
            $(tab),|,$(subst $(space),|,$(file <$(1)/lab.conf))))))
lab_files = $(subst |, ,$(call lab_conf,$(1),files))

# Each line "program: NAME SOURCE..." of a lab.conf: the student's program, and
# the solution under the same name, in folders of their own. What is not of the
# student's files, the two have in common.
solution_of = $(wildcard $(addprefix $(1)/solution/,$(2))) \
              $(addprefix $(1)/,$(filter-out $(call lab_files,$(1)),$(2)))
define lab_program
$(eval $(call program,bin/$(firstword $(2)),$(addprefix $(1)/,$(wordlist 2,99,$(2)))))
$(if $(strip $(call solution_of,$(1),$(wordlist 2,99,$(2)))),\
$(eval $(call program,solution/$(firstword $(2)),$(call solution_of,$(1),$(wordlist 2,99,$(2))))))
endef
$(foreach lab,$(LABS),$(foreach line,$(call lab_conf,$(lab),program),\
$(call lab_program,$(lab),$(subst |, ,$(line)))))

# The students' kit has the solutions as programs, for one kind of machine.
MODELS := $(wildcard common/models/$(shell uname -m)/*)
MODELS := $(patsubst %,$(BUILD)/solution/%,$(notdir $(MODELS)))

$(MODELS): $(BUILD)/solution/%: common/models/$(shell uname -m)/%
	@mkdir -p $(@D)
	@cp $< $@

# --- rules -------------------------------------------------------------------

# One short line a file; V=1 shows the commands, -s nothing.
QUIET := $(if $(V),,@)
ifeq ($(V)$(findstring s,$(firstword -$(MAKEFLAGS))),)
SAY = @printf '  %-3s %s\n'
else
SAY = @:
endif

.PHONY: all programs tools
all: programs ## build everything into build/
	@$(PORTLAB) next

programs: $(PROGRAMS) $(MODELS)

# What a network and a demo need: not the student's programs, in which there
# may be a mistake just now.
tools: $(MODELS) \
       $(filter $(BUILD)/lab/% $(BUILD)/solution/% $(BUILD)/bin/ladder,$(PROGRAMS))

$(PROGRAMS):
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(QUIET)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB)

$(LIB): $(LIB_SRC:%.c=$(OBJ)/%.o)
	$(SAY) AR $@
	$(QUIET)rm -f $@
	$(QUIET)ar rcs $@ $^

$(OBJ)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(QUIET)$(CC) $(CPPFLAGS) $(WARN) $(WERROR) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(patsubst %.c,$(OBJ)/%.d,$(SOURCES) $(LIB_SRC))

# The compiler is asked again until its answer is yes.
HAS_SANITIZERS = { { test $(BUILD)/sanitizers -nt Makefile && \
                 read cc <$(BUILD)/sanitizers && \
                 test "$$cc" = $(call quote,$(CC)); } || \
                 { echo 'int main(void) { return 0; }' | \
                 $(CC) -x c - $(SANITIZE) -o /dev/null 2>/dev/null && \
                 mkdir -p $(BUILD) && \
                 echo $(call quote,$(CC)) >$(BUILD)/sanitizers; }; }

# All programs again with the sanitizers, for the tests, where there are any.
.PHONY: asan
asan:
	@if $(HAS_SANITIZERS); \
	then $(MAKE) -s BUILD=$(BUILD)/asan SAN=1 programs; \
	else echo 'portlab: $(CC) has no sanitizers; their tests are skipped'; \
	fi

# --- commands: each is one verb of common/lab/portlab ------------------------

# A word for the shell, whatever is in it.
quote = '$(subst ','\'',$(1))'

# Not exported by make itself: what the verbs take from the environment.
export NET ENGINE SUBNET PUBLISH
HOST     ?=
SCENARIO ?=
CMD      ?=
LAB      ?=
T        ?=
# Common names: from the command line only, not from the environment.
ID       :=
SUBMIT   :=
PROGRAM  :=
N        :=
SEED     :=
ALL      :=
TOUR     :=
REPLAY   :=
AUTO     :=
RECORD   :=
PROJECTOR :=

# That not all checks pass is no error of make's, which would add a line of its
# own to it. It has one way to end with status 1 and in silence: the question
# mode, -q, in which "+" marks what is run all the same. Other statuses of the
# grader (2 usage, 3 it failed) make turns into its 2, and says so; portlab
# check itself has all of them.
GIVEN_FLAGS := $(MAKEFLAGS)
DRY_RUN     := $(findstring n,$(filter-out --%,$(firstword -$(GIVEN_FLAGS))))
ifeq ($(MAKECMDGOALS)$(DRY_RUN),check)
MAKEFLAGS += -q
ALWAYS    := +
endif

CHECK_ARGS = $(call quote,$(LAB)) \
             $(if $(SUBMIT),--submit $(call quote,$(value SUBMIT))) \
             $(if $(PROGRAM),--program $(call quote,$(value PROGRAM))) \
             $(if $(SEED),--seed $(call quote,$(SEED))) $(if $(ALL),--all)

.PHONY: labs check watch hint reset grader
labs: ## the series, how far you are, what to do next
	@$(PORTLAB) labs

check: ## grade LAB=01 (SUBMIT=dir, PROGRAM='NAME=COMMAND', ALL=1, SEED=n)
	$(ALWAYS)@common/lab/portlab deps check
	$(ALWAYS)@MAKEFLAGS=$(call quote,$(GIVEN_FLAGS)) $(MAKE) -s grader
	$(ALWAYS)@unset MAKEFLAGS MFLAGS; $(PORTLAB) check $(CHECK_ARGS)

watch: grader ## the same again at every save; q ends
	@$(PORTLAB) watch $(call quote,$(LAB))

hint: ## the next hint for the first check that fails (ID=check)
	@$(PORTLAB) hint $(call quote,$(LAB)) $(if $(ID),$(call quote,$(ID)))

reset: ## the starter of LAB=01 again; your work is kept aside
	@$(PORTLAB) reset $(call quote,$(LAB))

# What grading needs; the student's programs it compiles itself, with the
# sanitizers where there are any.
grader: $(LIB) $(MODELS) $(filter $(BUILD)/lab/% $(BUILD)/solution/% $(BUILD)/bin/ladder \
        $(addprefix $(BUILD)/test/,jail probe chaos report),$(PROGRAMS))
	@$(HAS_SANITIZERS) && $(MAKE) -s BUILD=$(BUILD)/asan SAN=1 library || true

.PHONY: library
library: $(LIB)

# In Docker the programs are built by the containers, for their own C library.
ifneq ($(ENGINE),docker)
FOR_NET := tools
endif

.PHONY: demo slides pictures test bench flake doctor deps up shell run capture \
        scenario down
DEMO_ARGS = $(if $(TOUR),--tour) $(if $(PROJECTOR),--projector) \
            $(if $(REPLAY),--replay$(if $(filter-out 1,$(REPLAY)),=$(call \
            quote,$(REPLAY)))) $(if $(AUTO),--auto) \
            $(if $(RECORD),--record $(call quote,$(RECORD))) $(LAB)

demo: ## the tour: every lab's demo; LAB=01: that one, live (REPLAY=1)
	@$(if $(FOR_NET)$(REPLAY),common/lab/portlab deps \
		$(if $(REPLAY),replay,$(if $(LAB),live,demo)))
	@$(if $(FOR_NET)$(REPLAY),$(MAKE) -s tools)
	@$(PORTLAB) demo $(DEMO_ARGS)

slides: ## the decks as HTML in build/slides, and PDF where Chromium is
	@common/lab/portlab deps slides
	@$(PORTLAB) slides

pictures: tools ## draw the slides' pictures again, from the captures
	@slides/draw.sh slides/pictures

test: ## every test (T='tests/self/net.bats' for some)
	@common/lab/portlab deps test
	@$(MAKE) -s programs asan
	@$(PORTLAB) test $(T)

bench: ## measure what the README states
	@common/lab/portlab deps test
	@$(MAKE) -s programs
	@$(PORTLAB) bench

flake: grader ## grade N=200 times under load: no verdict may differ (LAB=01)
	@$(PORTLAB) flake $(call quote,$(or $(LAB),01)) $(call quote,$(or $(N),200))

doctor: ## what works on this machine, and what to install
	@$(MAKE) -s tools || true
	@$(PORTLAB) doctor

deps: ## install what demo, test and lint need
	@common/lab/portlab deps demo
	@common/lab/portlab deps test
	@common/lab/portlab deps lint

# SCENARIO=04/drop and LAB=04 SCENARIO=drop name the same.
NAMED = $(if $(findstring /,$(SCENARIO)),,$(if $(SCENARIO),$(LAB:%=%/)))$(SCENARIO)

up: $(FOR_NET) ## make a network to play in (LAB=04 SCENARIO=drop, NET=name)
	@$(if $(FOR_NET),$(MAKE) -s -k programs || true)
	@$(PORTLAB) up '$(NAMED)'

shell: $(FOR_NET) ## a shell on HOST=client, router or server
	@$(PORTLAB) shell '$(HOST)'

run: $(FOR_NET) ## one command there: HOST=server CMD='ss -ltn'
	@$(PORTLAB) exec '$(HOST)' -- $(if $(CMD),sh -c '$(subst ','\'',$(value CMD))')

capture: $(FOR_NET) ## a live ladder of HOST=router, or of two: HOST=client,router
	@$(PORTLAB) capture '$(HOST)'

scenario: $(FOR_NET) ## load LAB=04 SCENARIO=drop (or 04/drop); none: take it away
	@$(PORTLAB) scenario '$(NAMED)'

down: $(FOR_NET) ## take the network away
	@$(PORTLAB) down

# --- a class -------------------------------------------------------------------

DIR      :=
OUT      :=
JOBS     :=
LIMIT    :=
CSV      :=
ROSTER   :=
SSHLOGIN :=

# $(call option,NAME,VARIABLE): an option of a verb, if the variable is given.
option = $(if $($(2)),$(1) $(call quote,$(value $(2))))

.PHONY: class kit gradescope
class: ## grade LAB=01 (or all) of all in DIR=submissions, into OUT=out
	@common/lab/portlab deps class
	@$(MAKE) -s grader
	@$(PORTLAB) class $(call quote,$(LAB)) $(call quote,$(value DIR)) \
		$(call quote,$(value OUT)) $(call option,--jobs,JOBS) \
		$(call option,--limit,LIMIT) $(call option,--seed,SEED) \
		$(call option,--csv,CSV) $(call option,--roster,ROSTER) \
		$(call option,--login,SSHLOGIN)

gradescope: ## the autograder of LAB=01 for Gradescope, a zip (OUT=file)
	@$(PORTLAB) gradescope $(call quote,$(LAB)) \
		$(if $(OUT),$(call quote,$(value OUT)))

kit: tools ## the tar for students: no solutions (OUT=file)
	@$(PORTLAB) kit $(if $(OUT),$(call quote,$(value OUT)))

# --- upkeep ------------------------------------------------------------------

C_FILES     = $(shell git ls-files --cached --others --exclude-standard '*.[ch]')
SHELL_FILES = $(shell git ls-files --cached --others --exclude-standard '*.sh' \
              common/lab/portlab common/lab/inside common/lab/shellrc \
              common/lab/live common/lab/liverc common/lab/contained \
              .ci/run tests/check/run tests/class/grade tests/class/unpack tests/check/bare-host)
BATS_FILES  = $(shell git ls-files --cached --others --exclude-standard '*.bats' '*.bash')

.PHONY: lint format clean help
lint: ## every checker, with warnings as errors
	@common/lab/portlab deps lint
	clang-format --dry-run -Werror $(C_FILES)
	$(MAKE) -s BUILD=$(BUILD)/gcc CC=gcc WERROR=-Werror programs
	$(MAKE) -s BUILD=$(BUILD)/clang CC=clang WERROR=-Werror programs
	printf '%s\n' $(sort $(SOURCES) $(LIB_SRC)) | \
		xargs -P 2 -I '{}' clang-tidy --quiet '{}' -- $(CPPFLAGS) $(WARN) \
		2>/dev/null
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
		--enable=warning,performance,portability $(CPPFLAGS) \
		$(filter %.c,$(C_FILES))
	shellcheck -x $(SHELL_FILES)
	shellcheck -x -s bats $(BATS_FILES)

format: ## rewrite the C files in the house style
	clang-format -i $(C_FILES)

compile_commands.json: $(SOURCES) Makefile ## for editors and clangd
	@{ echo '['; for f in $(sort $(SOURCES) $(LIB_SRC)); do \
		printf '%s{"directory":"%s","file":"%s","command":"%s"}' \
			"$$comma" '$(CURDIR)' "$$f" \
			'$(CC) $(CPPFLAGS) $(WARN) $(CFLAGS) -c '"$$f"; \
		comma=','; echo; done; echo ']'; } >$@

clean: ## remove what was built
	rm -rf $(BUILD) compile_commands.json

help: ## this
	@sed -n 's/^\([a-z_.]*\):.*## /  \1 - /p' Makefile | \
		awk -F ' - ' '{ printf "%-14s %s\n", $$1, $$2 }'

// SPDX-License-Identifier: Apache-2.0
//
// What the help of emu run, record and verify says around the list of options.
// For options.cc alone.

#ifndef EMU_OPTIONS_HELP_H_
#define EMU_OPTIONS_HELP_H_

namespace emu {

inline constexpr char kDescription[] =
    "Runs PROGRAM in emu's own kernel: it cannot see, wait for or change the\n"
    "host except through what the options name. The same command gives the\n"
    "same run, byte for byte.\n";

inline constexpr char kFooter[] = R"(
Examples:
  emu run date                       # always the same answer
  emu run bash                       # a shell in a copy of this machine
  emu run --strace python3 -c 'import os; print(os.getpid())'
  emu run -v "$PWD:/src" -w /src --export /src/out:./out make
  emu run --root alpine.tar -u root /bin/sh -c 'apk --version'
  emu run --seed random --epoch now --time host -- PROGRAM ARGS

What the guest finds, unless options say otherwise:
  files        the host's, read when first used; what is written is kept in
               memory and gone at the end
  directory    the one that emu is started in if the root is the host's, or /
  user         uid 1000, gid 1000
  environment  PATH HOME USER LOGNAME SHELL LANG=C.UTF-8, and TERM at a terminal
  time         starts at 2027-01-01T00:00:00Z, whatever the date is;
               moves with what the guest does, and skips sleeps
  processors   1: guests run one thread at a time, so more make nothing faster
  network      loopback only

WARNING: without --seed random, everything that the guest draws by chance is
known to whoever knows the seed. Never use keys, passwords, tokens or nonces
that were made so.

Exit status:
  the program's own, or 128+N if signal N ended it;
  124  --timeout is over            126  PROGRAM cannot be executed
  125  emu itself failed            127  PROGRAM is not found
)";

inline constexpr char kRecordDescription[] =
    "Runs PROGRAM as emu run does, and writes all that it needs to happen again\n"
    "to a file: `emu replay FILE` shows the same run on any machine, with none\n"
    "of the files, input or time that it had here.\n";

inline constexpr char kRecordFooter[] = R"(
Examples:
  emu record make test               # to emu.trace
  emu record -o ci.trace --seed random -- ./flaky_test
  emu replay ci.trace                # the same output, as often as you like

The file holds the content of every host file that was opened, the environment
and everything typed: treat it as you would treat those. It can be replayed from
the start on while it is being written, and after emu was killed.

The program, what it finds and the exit status are as emu run --help says.
)";

inline constexpr char kVerifyDescription[] =
    "Runs PROGRAM some times, each under other conditions of the host (processor,\n"
    "load, environment, umask, time, address layout of emu), and compares what\n"
    "happened, event by event. The output of the first run is shown.\n";

inline constexpr char kVerifyFooter[] = R"(
Examples:
  emu verify make test
  emu verify -n 20 --seed 7 -- ./threads

All runs find the same on standard input: a file is read again by each, what
comes through a pipe is read to its end first, and from a terminal nothing is
read. Where runs part, the first event in which they differ is shown, with what
led to it and where the program was in both.

Exit status:
  0    all runs agree, whatever the program's own status was
  1    they do not
  125  it could not be found out
)";

}  // namespace emu

#endif  // EMU_OPTIONS_HELP_H_

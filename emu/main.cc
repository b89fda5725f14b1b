// SPDX-License-Identifier: Apache-2.0
//
// The program: picks the subcommand.

#include <malloc.h>

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "emu/completion.h"
#include "emu/exit_status.h"
#include "emu/options.h"
#include "emu/record/record.h"
#include "emu/record/replay.h"
#include "emu/replay_options.h"
#include "emu/run.h"
#include "emu/suggestion.h"
#include "emu/trace/trace_command.h"
#include "emu/trace/trace_options.h"
#include "emu/values.h"
#include "emu/verify/verify.h"
#include "emu/version.h"

namespace emu {
namespace {

constexpr char kHelp[] =
    R"(emu runs unmodified Linux programs in a kernel of its own, without root,
containers or virtual machines: they see the files, time, randomness and
processors that the command line says, and the same command gives the same run.

Usage: emu run [options] [--] PROGRAM [ARGS]     run a program
       emu record [options] [--] PROGRAM [ARGS]  run it, to happen again
       emu replay [options] FILE                 let it happen again, anywhere
       emu verify [-n N] [options] [--] PROGRAM [ARGS]
                                                 see that it always is the same
       emu trace info|dump|diff|files|stats|export FILE...
                                                 look into recordings
       emu completion bash|zsh|fish              print a completion script
       emu help [COMMAND]                        explain
       emu --version

Start with:
  emu run bash            a shell in a copy of this machine; nothing it does stays
  emu run --help          all options, with examples
)";

constexpr char kCompletionHelp[] =
    R"(Prints a script that lets a shell complete emu's commands and options. Its
first lines say where that shell looks for it.

Usage: emu completion bash|zsh|fish
)";

int Fail(absl::string_view message) {
  std::fputs(absl::StrCat("emu: ", message, "\n").c_str(), stderr);
  return kExitFailure;
}

// To standard output, which may be full or closed.
int Print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) == EOF || std::fflush(stdout) == EOF) {
    return Fail("cannot write to standard output");
  }
  return 0;
}

int CompletionCommand(const std::vector<std::string>& args) {
  if (args.size() == 1 && (args[0] == "--help" || args[0] == "-h")) {
    return Print(kCompletionHelp);
  }
  if (args.size() != 1) return Fail("usage: emu completion bash|zsh|fish");
  const auto script = CompletionScript(args[0], {.run = RunOptionList(),
                                                 .record = RecordOptionList(),
                                                 .verify = VerifyOptionList(),
                                                 .replay = ReplayOptionList(),
                                                 .trace = TraceCommandList()});
  if (!script.ok()) return Fail(script.status().message());
  return Print(*script);
}

int HelpCommand(const std::vector<std::string>& args) {
  if (args.empty()) return Print(kHelp);
  if (args[0] == "run") return Print(RunHelp());
  if (args[0] == "record") return Print(RecordHelp());
  if (args[0] == "verify") return Print(VerifyHelp());
  if (args[0] == "replay") return Print(ReplayHelp());
  if (args[0] == "trace") return Print(TraceHelp(""));
  if (args[0] == "completion") return Print(kCompletionHelp);
  return Fail(absl::StrCat("there is no help on ", Quoted(args[0]),
                           " (emu help lists the commands)"));
}

// Buffers take the memory of those before them, and not new pages of the host's,
// each of which is a fault.
void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 2 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

int Main(int argc, char** argv) {
  KeepFreedMemory();
  const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (args.empty()) {
    return Fail(
        "no command: emu run PROGRAM runs a program, emu --help explains");
  }
  const std::string& command = args[0];
  if (command.empty()) {
    return Fail("the command is empty (emu --help explains)");
  }
  const std::vector<std::string> rest(args.begin() + 1, args.end());
  if (command == "run") return RunCommand(rest);
  if (command == "record") return RecordCommand(rest);
  if (command == "verify") return VerifyCommand(rest);
  if (command == "replay") return ReplayCommand(rest);
  if (command == "trace") return TraceCommand(rest);
  if (command == "completion") return CompletionCommand(rest);
  if (command == "help" || command == "--help" || command == "-h") {
    return HelpCommand(rest);
  }
  if (command == "--version" || command == "version") {
    return Print(absl::StrCat("emu ", kVersion, "\n"));
  }
  const bool option = command[0] == '-';
  const std::string meant = Suggestion(
      command, option ? std::vector<std::string>{"--help", "--version"}
                      : std::vector<std::string>{"run", "record", "replay",
                                                 "verify", "trace",
                                                 "completion", "help",
                                                 "version"});
  if (!meant.empty()) {
    return Fail(absl::StrCat(option ? "unknown option " : "no such command: ",
                             Quoted(command), "; did you mean ", meant, "?"));
  }
  if (option) {
    return Fail(absl::StrCat("unknown option ", Quoted(command),
                             " (options of a run come behind the word run: emu "
                             "run --help explains them)"));
  }
  return Fail(absl::StrCat("no such command: ", Quoted(command),
                           " (to run that program: emu run ", command, ")"));
}

}  // namespace
}  // namespace emu

int main(int argc, char** argv) { return emu::Main(argc, argv); }

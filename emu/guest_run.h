// SPDX-License-Identifier: Apache-2.0
//
// One run of a guest from its start to the reports about it, whoever answers for
// the outside: the host, the host with a recording, or a recording alone. Owned
// by the command.

#ifndef EMU_GUEST_RUN_H_
#define EMU_GUEST_RUN_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "arch/host/guest_memory.h"
#include "arch/host/host_files.h"
#include "arch/host/host_page_store.h"
#include "arch/host/host_signals.h"
#include "arch/host/output_file.h"
#include "arch/host/ptrace_machine.h"
#include "arch/host/standard_streams.h"
#include "emu/guest_setup.h"
#include "emu/guest_tree.h"
#include "emu/stats.h"
#include "emu/strace_sink.h"
#include "emu/values.h"
#include "kernel/kernel.h"

namespace emu {

// What emu is to tell about a run.
struct ReportOptions {
  std::optional<std::string> strace;  // the file; empty: standard error
  bool stats = false;
  bool impurities = true;  // what cannot be repeated
  bool strict = false;     // that is a failure
  std::vector<ExportOption> exports;
};

// What the reports say of a processor that guests can ask, as a line; empty where
// CPUID is trapped.
std::string ProcessorNote();

// The doors, open; all outlives the run.
struct GuestDoors {
  HostSignals& signals;
  Env& env;
  StandardStreams& streams;  // for emu's own words
  HostFiles& files;
  GuestTrees trees;
  TraceSink* recorder = nullptr;  // told of every event, if there is one
  GuestMemory::Mode memory_mode = GuestMemory::Mode::kBest;
  int preferred_cpu = -1;  // HostMachineOptions
  // Guests that take too much memory are ended. In a replay, those that were.
  bool memory_watch = true;
  // Called when the program has ended, before emu says anything of that.
  std::function<void()> at_end = [] {};
  // Why the outside gave up, if it did: a replay that went another way.
  const std::optional<std::string>* failure = nullptr;
};

class GuestRun {
 public:
  // Everything given outlives it.
  GuestRun(const GuestSetup& setup, const ReportOptions& reports,
          const GuestDoors& doors);
  ~GuestRun();

  // Makes the machine and the kernel with all that is mounted in it. Nothing of
  // the guest runs yet.
  absl::Status Prepare();
  // Runs the program to its end and says what is to be said of that. Returns
  // emu's exit status.
  int Run();
  // Reports and exports, whatever became of the program. What fails here makes a
  // good run (`exit_status` 0) a failed one. `impurities` are told.
  int Finish(int exit_status, const std::vector<std::string>& impurities);

  // After Prepare.
  Kernel& kernel() { return *kernel_; }
  // How Run's program ended; none when it was not started.
  const std::optional<RunEnd>& end() const { return end_; }

 private:
  class Tee;

  absl::Status OpenReports();
  absl::Status MakeMachine();
  int ExitStatusOf(const RunEnd& end);

  const GuestSetup& setup_;
  const ReportOptions& reports_;
  const GuestDoors doors_;
  std::unique_ptr<OutputFile> strace_file_;
  std::unique_ptr<StraceSink> strace_;
  std::unique_ptr<Stats> stats_;
  std::unique_ptr<Tee> tee_;
  TraceSink* sink_ = nullptr;
  std::unique_ptr<HostPageStore> pages_;
  std::unique_ptr<HostMachine> machine_;
  std::unique_ptr<Kernel> kernel_;
  std::optional<RunEnd> end_;
};

// One line of emu's own on standard error.
void Say(absl::string_view message);
// Prints a text that was asked for; returns the exit status.
int PrintHelp(const std::string& text);
// Says what failed; returns the exit status for that.
int Fail(const absl::Status& status);

}  // namespace emu

#endif  // EMU_GUEST_RUN_H_

// SPDX-License-Identifier: Apache-2.0

#include "emu/guest_run.h"

#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "arch/host/host_settings.h"
#include "arch/host/live_env.h"
#include "emu/exit_status.h"
#include "emu/export.h"
#include "emu/start_error.h"
#include "kernel/fs/mount.h"

namespace emu {

std::string ProcessorNote() {
  if (CanTrapCpuid()) return "";
  return "CPUID is not trapped here: programs find out what the processor is\n";
}

void Say(absl::string_view message) {
  WriteDiagnostic(absl::StrCat("emu: ", message, "\n"), false);
}

int Fail(const absl::Status& status) {
  Say(status.message());
  return kExitFailure;
}

int PrintHelp(const std::string& text) {
  return fputs(text.c_str(), stdout) == EOF || fflush(stdout) == EOF
             ? Fail(absl::DataLossError("cannot write to standard output"))
             : 0;
}

// The recorder first: what reports read of the guest is no part of the run.
class GuestRun::Tee : public TraceSink {
 public:
  Tee(TraceSink& recorder, TraceSink& reports)
      : recorder_(recorder), reports_(reports) {}

  void OnEvent(const Event& event, Task& task) override {
    recorder_.OnEvent(event, task);
    reports_.OnEvent(event, task);
  }
  bool WantsDigests() const override {
    return recorder_.WantsDigests() || reports_.WantsDigests();
  }
  void OnData(GuestAddr at, absl::Span<const char> bytes) override {
    recorder_.OnData(at, bytes);
    reports_.OnData(at, bytes);
  }

 private:
  TraceSink& recorder_;
  TraceSink& reports_;
};

GuestRun::GuestRun(const GuestSetup& setup, const ReportOptions& reports,
                 const GuestDoors& doors)
    : setup_(setup), reports_(reports), doors_(doors) {}

GuestRun::~GuestRun() = default;

absl::Status GuestRun::Prepare() {
  for (const ExportOption& option : reports_.exports) {
    absl::Status status = CheckExport(option);
    if (!status.ok()) return status;
  }
  absl::Status status = OpenReports();
  if (status.ok()) status = MakeMachine();
  if (!status.ok()) return status;
  kernel_ = std::make_unique<Kernel>(*machine_, *pages_, doors_.env, sink_,
                                     setup_.kernel);
  return MountGuestTree(*kernel_, setup_, doors_.trees);
}

absl::Status GuestRun::OpenReports() {
  if (reports_.strace) {
    if (!reports_.strace->empty()) {
      auto file = OutputFile::Create(*reports_.strace);
      if (!file.ok()) return file.status();
      strace_file_ = *std::move(file);
    }
    const auto to = strace_file_ != nullptr ? StraceWriter::To::kFile
                                            : StraceWriter::To::kTerminal;
    strace_ = std::make_unique<StraceSink>(to, [this](absl::string_view text) {
      if (strace_file_ != nullptr) {
        strace_file_->Append(text);
        strace_file_->Flush();
      } else {
        WriteDiagnostic(text, doors_.streams.raw());
      }
    });
    sink_ = strace_.get();
  }
  if (reports_.stats) {
    stats_ = std::make_unique<Stats>(
        [] { return HostClock(CLOCK_MONOTONIC); },
        [this] { return machine_ != nullptr ? machine_->stops() : 0; }, sink_);
    sink_ = stats_.get();
  }
  if (doors_.recorder != nullptr && sink_ != nullptr) {
    tee_ = std::make_unique<Tee>(*doors_.recorder, *sink_);
    sink_ = tee_.get();
  } else if (doors_.recorder != nullptr) {
    sink_ = doors_.recorder;
  }
  return absl::OkStatus();
}

absl::Status GuestRun::MakeMachine() {
  auto pages = HostPageStore::Create();
  if (!pages.ok()) return pages.status();
  pages_ = *std::move(pages);
  HostMachineOptions options;
  options.signals = &doors_.signals;
  options.files = &doors_.files;
  options.page_store = pages_.get();
  options.memory_mode = doors_.memory_mode;
  options.preferred_cpu = doors_.preferred_cpu;
  // Guests are refused what is more than --memory: what they take without asking
  // is some more than that before one of them is ended.
  if (doors_.memory_watch) {
    options.memory_limit = setup_.kernel.memory + setup_.kernel.memory / 8;
  }
  auto machine = HostMachine::Create(options);
  if (!machine.ok()) return machine.status();
  machine_ = *std::move(machine);
  return absl::OkStatus();
}

int GuestRun::Run() {
  const Result<> started = kernel_->Start(setup_.program);
  if (doors_.failure != nullptr && *doors_.failure) {
    Say(**doors_.failure);
    return kExitFailure;
  }
  if (!started.ok()) {
    const StartError error =
        ExplainStart(*kernel_, setup_.program, started.error());
    Say(error.message);
    return error.exit_status;
  }
  end_ = kernel_->Run();
  // What emu says from here on is for a terminal as it was.
  doors_.streams.Suspend();
  doors_.at_end();
  if (const uint64_t kills = machine_->memory_kills(); kills > 0) {
    Say(absl::StrCat("out of memory: ", kills,
                     kills == 1 ? " process was" : " processes were",
                     " killed; --memory gives the guest more"));
  }
  return ExitStatusOf(*end_);
}

int GuestRun::ExitStatusOf(const RunEnd& end) {
  if (!machine_->failure().ok()) return Fail(machine_->failure());
  switch (end.kind) {
    case RunEnd::Kind::kDeadlock:
      Say(absl::StrCat(
          "deadlock: every task waits, and nothing will ever wake one\n",
          absl::StripSuffix(end.report, "\n")));
      return kExitFailure;
    case RunEnd::Kind::kTimedOut:
      Say("the time of --timeout is over; the program was ended");
      return kExitTimedOut;
    case RunEnd::Kind::kStopped:
      if (!end.report.empty()) Say(end.report);
      return kExitFailure;
    case RunEnd::Kind::kExited:
      break;
  }
  return WIFSIGNALED(end.status) ? kExitSignal + WTERMSIG(end.status)
                                 : WEXITSTATUS(end.status);
}

int GuestRun::Finish(int exit_status,
                    const std::vector<std::string>& impurities) {
  bool failed = false;
  for (const ExportOption& option : reports_.exports) {
    const absl::Status status = Export(kernel_->mounts().root(), option);
    if (!status.ok()) Say(status.message());
    failed |= !status.ok();
  }
  if (strace_ != nullptr) strace_->Finish();
  if (strace_file_ != nullptr) {
    const absl::Status status = strace_file_->Close();
    if (!status.ok()) Say(status.message());
    failed |= !status.ok();
  }
  if (stats_ != nullptr) {
    WriteDiagnostic(absl::StrCat(stats_->Table(), ProcessorNote()), false);
  }
  if (reports_.impurities) {
    for (const std::string& reason : impurities) {
      kernel_->ReportImpurity(reason);
    }
    for (const std::string& reason : kernel_->impurities()) {
      Say(absl::StrCat("not reproducible: ", reason));
    }
  }
  if (reports_.strict && !kernel_->impurities().empty()) return kExitFailure;
  return failed && exit_status == 0 ? kExitFailure : exit_status;
}

}  // namespace emu

// SPDX-License-Identifier: Apache-2.0

#include "emu/run.h"

#include <stdlib.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emu/live_outside.h"
#include "emu/options.h"
#include "emu/guest_run.h"

namespace emu {
namespace {

int Run(const RunOptions& options) {
  auto outside = LiveOutside::Open(options);
  if (!outside.ok()) return Fail(outside.status());
  LiveOutside& host = **outside;
  const GuestSetup setup = host.Setup();
  const ReportOptions reports = {.strace = options.strace,
                                 .stats = options.stats,
                                 .strict = options.strict,
                                 .exports = options.exports};
  GuestRun run(setup, reports,
             {.signals = host.signals(),
              .env = host.env(),
              .streams = host.env().streams(),
              .files = host.files(),
              .trees = host.trees(),
              .memory_mode = host.memory_mode()});
  const absl::Status status = run.Prepare();
  if (!status.ok()) return Fail(status);
  const int exit_status = run.Run();
  return run.Finish(exit_status, host.Impurities());
}

}  // namespace

int RunCommand(absl::Span<const std::string> args) {
  const absl::StatusOr<RunOptions> options =
      ParseRunOptions(args, getenv("SOURCE_DATE_EPOCH"));
  if (!options.ok()) return Fail(options.status());
  if (options->help) return PrintHelp(RunHelp());
  return Run(*options);
}

}  // namespace emu

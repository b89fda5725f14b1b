// SPDX-License-Identifier: Apache-2.0
//
// The command line of `emu run`.

#ifndef EMU_OPTIONS_H_
#define EMU_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "arch/env.h"
#include "emu/option_info.h"
#include "emu/values.h"
#include "kernel/fs/import_fs.h"

namespace emu {

// 2027-01-01T00:00:00Z. Near the present, for the sake of certificates; later than
// the packages that a host has, which Python and others know by their times.
inline constexpr Nanos kDefaultEpoch = Nanos{1798761600} * 1'000'000'000;

struct RunOptions {
  // The tree: a directory, an archive or an OCI image layout of the host.
  std::string root = "/";
  std::vector<BindOption> binds;
  std::vector<ExportOption> exports;
  std::vector<std::string> tmpfs;

  // The first program.
  std::vector<std::string> argv;
  std::string workdir;  // empty: see WorkingDirectory in run.cc
  // In the order given; no value: as emu itself has it.
  std::vector<std::pair<std::string, std::optional<std::string>>> env;
  bool env_host = false;
  UserOption user = {.user = "1000", .group = "1000"};

  // The machine that it sees.
  std::string hostname = "emu";
  int cpus = 1;
  uint64_t memory = uint64_t{4} << 30;
  size_t pids_limit = 4096;

  // What decides a run.
  std::optional<uint64_t> seed = 0;  // none: the host's entropy
  // None: the host's clock at the start.
  std::optional<Nanos> epoch = kDefaultEpoch;
  bool host_time = false;
  ImportedTimes mtime = ImportedTimes::kFixed;
  std::optional<Nanos> timeout;  // of host time

  // What emu tells about it.
  std::optional<std::string> strace;  // the file; empty: standard error
  bool stats = false;
  bool strict = false;  // what cannot be repeated is a failure
  // So is a processor that programs can find out.
  bool strict_processor = false;

  // How emu reads and writes guests' memory.
  enum class MemoryAccess { kAuto, kProcessVm, kProcMem, kWords };
  MemoryAccess memory_access = MemoryAccess::kAuto;

  bool help = false;  // asked for: nothing else counts
};

// Reads what follows `emu run`. `source_date_epoch` is the environment's
// SOURCE_DATE_EPOCH, null without one: the epoch, unless --epoch says it. The
// error is one line for the user.
absl::StatusOr<RunOptions> ParseRunOptions(absl::Span<const std::string> args,
                                           const char* source_date_epoch);

// Reads what follows `emu record`: one option more.
struct RecordOptions {
  std::string output;  // the recording; empty: kDefaultRecording, if that is new
  RunOptions run;
};
inline constexpr char kDefaultRecording[] = "emu.trace";
absl::StatusOr<RecordOptions> ParseRecordOptions(
    absl::Span<const std::string> args, const char* source_date_epoch);

// Reads what follows `emu verify`: likewise.
struct VerifyOptions {
  int runs = 3;
  RunOptions run;
  // What another emu is to be told for the same run: options and program.
  std::vector<std::string> run_args;
};
absl::StatusOr<VerifyOptions> ParseVerifyOptions(
    absl::Span<const std::string> args, const char* source_date_epoch);

// `emu run --help`, and so on.
std::string RunHelp();
std::string RecordHelp();
std::string VerifyHelp();

// The options, for the shells' completion.
std::vector<OptionInfo> RunOptionList();
std::vector<OptionInfo> RecordOptionList();
std::vector<OptionInfo> VerifyOptionList();

}  // namespace emu

#endif  // EMU_OPTIONS_H_

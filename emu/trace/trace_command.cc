// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/trace_command.h"

#include <cstdio>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "arch/host/output_file.h"
#include "emu/exit_status.h"
#include "emu/trace/chrome_export.h"
#include "emu/trace/dump.h"
#include "emu/trace/report.h"
#include "emu/trace/trace_options.h"
#include "emu/trace/trace_reader.h"

namespace emu {
namespace {

constexpr int kDifferent = 1;

using Readers = std::vector<std::unique_ptr<TraceReader>>;

absl::Status Put(OutputFile& output, absl::StatusOr<std::string> text) {
  if (text.ok()) output.Append(*text);
  return text.status();
}

absl::Status PutInfo(const TraceCommandOptions& options, const Readers& readers,
                     OutputFile& output) {
  for (size_t i = 0; i < readers.size(); ++i) {
    if (i > 0 && !options.json) output.Append("\n");
    const absl::Status status =
        Put(output, TraceInfo(*readers[i], options.json));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// What there is to say is in `output` then. Returns the exit status.
absl::StatusOr<int> Serve(const TraceCommandOptions& options,
                          OutputFile& output) {
  if (options.help) {
    output.Append(TraceHelp(options.command));
    return 0;
  }
  Readers readers;
  for (const std::string& file : options.files) {
    auto reader = TraceReader::Open(file);
    if (!reader.ok()) return reader.status();
    readers.push_back(*std::move(reader));
  }
  const auto sink = [&output](absl::string_view text) {
    output.Append(text);
    return !output.failed();
  };
  const std::string& command = options.command;
  if (command == "diff") {
    const auto report =
        DiffTraces(*readers[0], *readers[1], options.context, options.json);
    if (!report.ok()) return report.status();
    output.Append(report->text);
    return report->same ? 0 : kDifferent;
  }
  absl::Status status;
  if (command == "info") {
    status = PutInfo(options, readers, output);
  } else if (command == "dump") {
    status = DumpTrace(*readers[0], options.dump, sink);
  } else if (command == "stats") {
    status = Put(output, TraceStats(*readers[0], options.json));
  } else if (command == "export") {
    status = ExportChrome(*readers[0], sink);
  } else if (options.extract.empty()) {
    status = ListFiles(*readers[0], options.json, sink);
  } else {
    status = ExtractFile(*readers[0], options.extract, sink);
  }
  if (!status.ok()) return status;
  return 0;
}

int Fail(const absl::Status& status) {
  std::fputs(absl::StrCat("emu: ", status.message(), "\n").c_str(), stderr);
  return kExitFailure;
}

}  // namespace

int TraceCommand(const std::vector<std::string>& args) {
  const auto options = ParseTraceOptions(args);
  if (!options.ok()) return Fail(options.status());
  auto output = options->output.empty() ? OutputFile::StandardOutput()
                                        : OutputFile::Create(options->output);
  if (!output.ok()) return Fail(output.status());
  const auto result = Serve(*options, **output);
  // What was said before the trouble is said.
  const absl::Status closed = (*output)->Close();
  if (!result.ok()) return Fail(result.status());
  if (!closed.ok()) return Fail(closed);
  return *result;
}

}  // namespace emu

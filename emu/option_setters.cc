// SPDX-License-Identifier: Apache-2.0

#include "emu/option_setters.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "emu/values.h"

namespace emu {

absl::Status SetEnv(RunOptions& options, const std::string& text) {
  const size_t equals = text.find('=');
  if (text.empty() || equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(text), " is not NAME or NAME=VALUE"));
  }
  if (equals == std::string::npos) {
    options.env.emplace_back(text, std::nullopt);
  } else {
    options.env.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return absl::OkStatus();
}

absl::Status SetHostname(RunOptions& options, const std::string& text) {
  // What sethostname(2) takes.
  if (text.empty() || text.size() > 64) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(text), " is not a name of 1 to 64 bytes"));
  }
  options.hostname = text;
  return absl::OkStatus();
}

absl::Status SetSeed(RunOptions& options, const std::string& text) {
  if (text == "random") {
    options.seed = std::nullopt;
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> seed =
      ParseCount(text, 0, std::numeric_limits<uint64_t>::max());
  if (!seed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(seed.status().message(), " nor the word \"random\""));
  }
  options.seed = *seed;
  return absl::OkStatus();
}

absl::Status SetEpoch(RunOptions& options, const std::string& text) {
  if (text == "now") {
    options.epoch = std::nullopt;
    return absl::OkStatus();
  }
  absl::StatusOr<Nanos> date = ParseDate(text);
  if (date.ok()) options.epoch = *date;
  return date.status();
}

absl::Status SetTime(RunOptions& options, const std::string& text) {
  if (text != "virtual" && text != "host") {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(text), " is neither \"virtual\" nor \"host\""));
  }
  options.host_time = text == "host";
  return absl::OkStatus();
}

absl::Status SetMtime(RunOptions& options, const std::string& text) {
  if (text == "fixed") {
    options.mtime = ImportedTimes::kFixed;
  } else if (text == "clamp") {
    options.mtime = ImportedTimes::kClamp;
  } else if (text == "host") {
    options.mtime = ImportedTimes::kHost;
  } else {
    return absl::InvalidArgumentError(absl::StrCat(
        Quoted(text), " is none of \"fixed\", \"clamp\" and \"host\""));
  }
  return absl::OkStatus();
}

absl::Status SetMemoryAccess(RunOptions& options, const std::string& text) {
  using Access = RunOptions::MemoryAccess;
  constexpr std::pair<const char*, Access> kWays[] = {
      {"auto", Access::kAuto},
      {"vm", Access::kProcessVm},
      {"proc", Access::kProcMem},
      {"words", Access::kWords}};
  for (const auto& [name, access] : kWays) {
    if (text != name) continue;
    options.memory_access = access;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      Quoted(text), " is none of \"auto\", \"vm\", \"proc\" and \"words\""));
}

}  // namespace emu

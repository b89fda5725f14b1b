// SPDX-License-Identifier: Apache-2.0

#include "emu/live_outside.h"

#include <sys/resource.h>
#include <time.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "arch/host/host_settings.h"

namespace emu {
namespace {

LiveEnvOptions EnvOptions(const RunOptions& options) {
  return {.seed = options.seed,
          .random_schedule = options.seed != uint64_t{0},
          .boot_time =
              options.epoch ? *options.epoch : HostClock(CLOCK_REALTIME),
          .time_limit = options.timeout};
}

// Those that emu has open itself, and some files of the guest's.
constexpr rlim_t kLeastDescriptors = 64;

// As many descriptors as the host lets this process have.
size_t DescriptorsForFiles() {
  struct rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  return OpenFiles::DefaultCapacity();
}

absl::Status CheckDescriptorLimit() {
  struct rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
      limit.rlim_max >= kLeastDescriptors) {
    return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(absl::StrCat(
      "the host lets emu open ", limit.rlim_max,
      " files only; raise ulimit -Hn to ", kLeastDescriptors, " or more"));
}

}  // namespace

LiveOutside::LiveOutside(const RunOptions& options)
    : options_(options), files_(DescriptorsForFiles()) {}

absl::StatusOr<std::unique_ptr<LiveOutside>> LiveOutside::Open(
    const RunOptions& options) {
  absl::Status enough = CheckDescriptorLimit();
  if (!enough.ok()) return enough;
  auto outside = std::unique_ptr<LiveOutside>(new LiveOutside(options));
  auto signals = HostSignals::Install();
  if (!signals.ok()) return signals.status();
  outside->signals_ = *std::move(signals);
  auto env = LiveEnv::Create(EnvOptions(options), *outside->signals_);
  if (!env.ok()) return env.status();
  outside->env_ = *std::move(env);
  absl::Status status = outside->OpenFilesOfHost();
  if (!status.ok()) return status;
  return outside;
}

absl::Status LiveOutside::OpenFilesOfHost() {
  auto ownership = std::make_shared<Ownership>();
  ownership->near = HostDirectory();
  auto image = OpenImage(options_.root, ownership, files_);
  if (!image.ok()) {
    return absl::Status(image.status().code(),
                        absl::StrCat("--root: ", image.status().message()));
  }
  image_ = *std::move(image);
  auto user = FindUser(options_.user, *image_.tree);
  if (!user.ok()) return user.status();
  user_ = *std::move(user);
  ownership->uid = user_.uid;
  auto everything = std::make_shared<Ownership>();
  *everything = {.uid = user_.uid, .near = "/"};
  auto binds = OpenBinds(options_.binds, everything, files_);
  if (!binds.ok()) return binds.status();
  binds_ = *std::move(binds);
  return absl::OkStatus();
}

GuestTrees LiveOutside::trees() {
  GuestTrees trees;
  trees.root = image_.tree.get();
  for (const auto& bind : binds_) trees.binds.push_back(bind.get());
  return trees;
}

GuestMemory::Mode LiveOutside::memory_mode() const {
  switch (options_.memory_access) {
    case RunOptions::MemoryAccess::kAuto:
      return GuestMemory::Mode::kBest;
    case RunOptions::MemoryAccess::kProcessVm:
      return GuestMemory::Mode::kProcessVm;
    case RunOptions::MemoryAccess::kProcMem:
      return GuestMemory::Mode::kProcMem;
    case RunOptions::MemoryAccess::kWords:
      return GuestMemory::Mode::kWords;
  }
  return GuestMemory::Mode::kBest;
}

std::vector<std::string> LiveOutside::Impurities() {
  std::vector<std::string> impurities;
  if (options_.host_time) {
    impurities.push_back("time is the host's (--time=host)");
  }
  if (!options_.epoch) {
    impurities.push_back("the date is the host's (--epoch now)");
  }
  if (!options_.seed) {
    impurities.push_back("randomness is the host's (--seed random)");
  }
  if (options_.strict_processor && !CanTrapCpuid()) {
    impurities.push_back(
        "programs could find out what the processor is (CPUID is not trapped "
        "here)");
  }
  for (const std::string& name : files_.Changed()) {
    impurities.push_back(
        absl::StrCat(name, " changed on the host during the run"));
  }
  return impurities;
}

}  // namespace emu

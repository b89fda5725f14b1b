// SPDX-License-Identifier: Apache-2.0
//
// What a recording says of its run besides what came from outside: the guest as
// it was set up, what the seeded answers are drawn from, and what of the host
// shows to guests. JSON in the file; docs/trace_format.md lists the members.

#ifndef EMU_RECORD_RECORDING_OPTIONS_H_
#define EMU_RECORD_RECORDING_OPTIONS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "arch/env.h"
#include "arch/host/random_stream.h"
#include "emu/guest_setup.h"
#include "emu/record/processor.h"

namespace emu {

// What Env knows before the run.
struct OutsideFacts {
  RandomStream::Key key = {};
  bool random_schedule = false;
  Nanos boot_time = 0;
  std::array<Env::StreamKind, 4> streams = {};
};

struct RecordingOptions {
  std::string version;  // of emu
  std::string root;     // what --root named
  GuestSetup setup;
  OutsideFacts outside;
  // What programs may have chosen their code by: the processor's, which answers
  // CPUID itself.
  std::vector<std::string> cpu_features;
  Processor processor;
};

std::string ToJson(const RecordingOptions& options);
// The error says what is wrong with a file that somebody else may have written.
absl::StatusOr<RecordingOptions> RecordingOptionsFromJson(
    const std::string& text);

}  // namespace emu

#endif  // EMU_RECORD_RECORDING_OPTIONS_H_

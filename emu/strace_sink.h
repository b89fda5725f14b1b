// SPDX-License-Identifier: Apache-2.0
//
// The TraceSink of `emu run --strace`: a StraceWriter fed by the kernel.

#ifndef EMU_STRACE_SINK_H_
#define EMU_STRACE_SINK_H_

#include <utility>

#include "emu/strace_writer.h"
#include "kernel/trace.h"

namespace emu {

class StraceSink : public TraceSink {
 public:
  explicit StraceSink(StraceWriter::Write write) : writer_(std::move(write)) {}

  void OnEvent(const Event& event, Task& task) override;
  void Finish() { writer_.Finish(); }

 private:
  StraceWriter writer_;
};

}  // namespace emu

#endif  // EMU_STRACE_SINK_H_

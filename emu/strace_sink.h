// SPDX-License-Identifier: Apache-2.0
//
// The TraceSink of `emu run --strace`: a StraceWriter fed by the kernel.

#ifndef EMU_STRACE_SINK_H_
#define EMU_STRACE_SINK_H_

#include <map>
#include <set>
#include <utility>

#include "emu/strace_writer.h"
#include "kernel/trace.h"

namespace emu {

class StraceSink : public TraceSink {
 public:
  StraceSink(StraceWriter::To to, StraceWriter::Write write)
      : writer_(to, std::move(write)) {}

  void OnEvent(const Event& event, Task& task) override;
  void Finish() { writer_.Finish(); }

 private:
  void TellStops(Nanos time);

  StraceWriter writer_;
  bool started_ = false;
  // What each task was called at its last event: an execve may change it.
  std::map<const Task*, Pid> names_;
  std::set<const Task*> stopped_;  // of which that was told
};

}  // namespace emu

#endif  // EMU_STRACE_SINK_H_

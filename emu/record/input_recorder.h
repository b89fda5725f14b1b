// SPDX-License-Identifier: Apache-2.0
//
// Puts what the outside answered into a recording, in the order of the kernel's
// questions. Owned by the command; the recording doors borrow it.

#ifndef EMU_RECORD_INPUT_RECORDER_H_
#define EMU_RECORD_INPUT_RECORDER_H_

#include <string>

#include "emu/trace/inputs.h"
#include "emu/trace/trace_writer.h"

namespace emu {

class InputRecorder {
 public:
  // `writer` outlives it.
  explicit InputRecorder(TraceWriter& writer) : writer_(writer) {}
  InputRecorder(const InputRecorder&) = delete;
  InputRecorder& operator=(const InputRecorder&) = delete;

  // The kernel told of an event.
  void CountEvent() { ++record_.position; }
  // It asked for what may be nothing, and there was nothing.
  void CountQuiet() { ++record_.skipped; }

  // Begins a record; its question and answer are appended to what is returned.
  std::string& Begin(InputKind kind) {
    record_.kind = kind;
    record_.payload.clear();
    return record_.payload;
  }
  void Commit() {
    if (!stopped_) writer_.AddInput(record_);
    record_.skipped = 0;
  }

  // The run is over: what is asked from here on is no part of it.
  void Stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

 private:
  TraceWriter& writer_;
  InputRecord record_;  // the next one; its buffer serves all of them
  bool stopped_ = false;
};

}  // namespace emu

#endif  // EMU_RECORD_INPUT_RECORDER_H_

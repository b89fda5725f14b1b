// SPDX-License-Identifier: Apache-2.0
//
// A TraceSink that counts, for `emu run --stats`: strace -c's table of system
// calls, with what was refused and what each cost emu. It may hand every event
// on to another sink.

#ifndef EMU_STATS_H_
#define EMU_STATS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "kernel/trace.h"

namespace emu {

class Stats : public TraceSink {
 public:
  // `clock` is the host's, in nanoseconds; `stops` is how often guests have
  // stopped so far. `next` may be null.
  Stats(std::function<Nanos()> clock, std::function<uint64_t()> stops,
        TraceSink* next)
      : clock_(std::move(clock)), stops_(std::move(stops)), next_(next) {}

  void OnEvent(const Event& event, Task& task) override;
  void Count(const Event& event);

  // The table, sorted by time.
  std::string Table() const;

 private:
  struct Row {
    uint64_t calls = 0;
    uint64_t errors = 0;
    uint64_t refused = 0;
    uint64_t stops = 0;
    Nanos time = 0;
    // What a refused call's row says, or what a partly served one lacks.
    std::string note;
  };
  struct Current {
    Row* row = nullptr;
    Nanos since = 0;  // 0: it waits
  };

  Row& RowOf(const Event& event);
  void BeginCall(const Event& event);
  void EndCall(const Event& event);
  // The call that `tid` is in waits from now on.
  void Pause(Pid tid);
  // The stops since this was last asked.
  uint64_t NewStops();

  std::function<Nanos()> clock_;
  std::function<uint64_t()> stops_;
  TraceSink* next_;
  std::map<std::string, Row> rows_;
  std::map<Pid, Current> current_;
  Pid running_ = 0;  // the task of the last event
  uint64_t stops_seen_ = 0;
  uint64_t other_stops_ = 0;  // those that no call was served at
  uint64_t switches_ = 0;
  uint64_t signals_ = 0;
  uint64_t tasks_ = 1;
};

}  // namespace emu

#endif  // EMU_STATS_H_

// SPDX-License-Identifier: Apache-2.0
//
// timerfd_create(2): a timer behind a descriptor. A periodic timer that expired
// counts its periods when it is looked at, and not at each of them.

#ifndef KERNEL_FS_TIMERFD_H_
#define KERNEL_FS_TIMERFD_H_

#include <cstdint>
#include <string>

#include "arch/abi/time.h"
#include "kernel/clock.h"
#include "kernel/fs/file_description.h"
#include "kernel/wait_queue.h"

namespace emu {

class TimerFd : public FileDescription {
 public:
  static const char kKind;

  TimerFd(Path path, int flags, int clock_id, Clock& clock);

  // timerfd_settime(2), its arguments checked. ECANCELED: it is set, but the
  // one before was canceled and nobody had been told.
  Result<> Set(int flags, Nanos value, Nanos interval);
  // What remains, and the interval.
  abi::itimerspec Get();

  const void* kind() const override { return &kKind; }
  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override;
  uint32_t Poll(Task& task) override;
  WaitQueue* wait_queue() override { return &wait_; }
  std::string FdInfo() override;

 private:
  class Expiry : public Timer {
   public:
    explicit Expiry(TimerFd& file) : file_(file) {}

   private:
    void OnTime() override { file_.Expire(); }
    TimerFd& file_;
  };
  // CLOCK_REALTIME was set.
  class ClockSet : public Waiter {
   public:
    explicit ClockSet(TimerFd& file) : file_(file) {}

   private:
    bool OnWake(uint32_t) override {
      file_.OnClockSet();
      return false;
    }
    TimerFd& file_;
  };

  bool realtime() const;
  void Arm();
  void Expire();
  void OnClockSet();
  // Time that the run loop has not seen yet counts, too.
  void CatchUp();
  // Adds the periods since the expiry and goes on from now.
  void CountPeriods();
  Nanos Remaining() const;

  const int clock_id_;
  Clock& clock_;
  Expiry expiry_{*this};
  ClockSet clock_set_{*this};
  int settime_flags_ = 0;
  Nanos interval_ = 0;
  // When it is due: since boot, or CLOCK_REALTIME for an absolute time of that.
  Nanos due_ = kNever;
  bool absolute_realtime_ = false;
  bool expired_ = false;  // and its periods are not counted yet
  bool canceled_ = false;
  uint64_t ticks_ = 0;
  WaitQueue wait_;
};

}  // namespace emu

#endif  // KERNEL_FS_TIMERFD_H_

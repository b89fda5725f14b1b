// SPDX-License-Identifier: Apache-2.0
//
// Work that is done in the order in which it is given: at once, or on a thread of
// its own, so that who gives it goes on. The thread is woken for a batch of it, or
// when that is asked for: waking costs as much as a small piece of work. A bound on
// what is still to be done keeps memory constant: who gives more waits. Who waits
// can help with the work that is being done. Work must not give work, and one thread
// gives it all.

#ifndef EMU_TRACE_WORK_QUEUE_H_
#define EMU_TRACE_WORK_QUEUE_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "arch/host/worker_thread.h"

namespace emu {

class WorkQueue {
 public:
  using Work = absl::AnyInvocable<void()>;

  // At most so many bytes wait, and one more piece of work of any size.
  explicit WorkQueue(size_t limit) : limit_(limit) {}
  // Does what is left.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // From now on a thread does it, which starts as WorkerThread's. Where the host
  // has none to give, all stays as it was.
  absl::Status StartThread(int guest_cpu);
  // As WorkerThread's, if there is a thread.
  void UseAllCpus();

  // `bytes` is what the work holds in memory until it is done.
  void Add(size_t bytes, Work work);
  // What was added begins now.
  void Kick();
  // Returns when all that was added is done.
  void Drain();

  // For work, while it is being done.
  // Whether somebody waits for it.
  bool HasHelp();
  // Calls part(0) and, on the thread of who waits, if somebody does, part(1) at the
  // same time. Returns when both have.
  using Part = absl::FunctionRef<void(int)>;
  void Together(Part part);

 private:
  // What the thread is woken for.
  static constexpr size_t kBatch = 256 << 10;

  struct Item {
    size_t bytes;
    Work work;
  };

  using Lock = std::unique_lock<std::mutex>;

  // The thread's.
  void Run();
  // What somebody waits for: that all is done, or that there is room for more.
  enum class Awaited { kNothing, kRoom, kEnd };
  // Waits for the thread, and helps it.
  void Wait(Lock& lock, Awaited what);
  bool Has(Awaited what) const;

  const size_t limit_;
  std::unique_ptr<WorkerThread> thread_;

  // Below: under mutex_. Plain std::mutex: absl's reads the time stamp counter,
  // which is trapped while guests run.
  std::mutex mutex_;
  std::condition_variable kicked_;
  std::condition_variable waiter_;
  std::condition_variable helped_;
  std::deque<Item> items_;         // the first may be being done
  size_t bytes_ = 0;               // of items_
  bool awake_ = false;             // the thread is not to wait for more
  bool ending_ = false;
  Awaited awaited_ = Awaited::kNothing;
  bool helping_ = false;           // who waits does a part
  std::optional<Part> part_;       // for who waits
};

}  // namespace emu

#endif  // EMU_TRACE_WORK_QUEUE_H_

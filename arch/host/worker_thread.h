// SPDX-License-Identifier: Apache-2.0
//
// A thread of emu's own beside the one that runs guests. No signal comes to it,
// and it stays off the CPU that emu shares with its guests, where there is
// another. It must not touch guests: they have one tracer. Owned by who needs its
// work.

#ifndef ARCH_HOST_WORKER_THREAD_H_
#define ARCH_HOST_WORKER_THREAD_H_

#include <pthread.h>
#include <sched.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"

namespace emu {

class WorkerThread {
 public:
  // Runs `body`, not on CPU `guest_cpu` if the calling thread is allowed another;
  // -1: anywhere. Fails where the host gives no more threads.
  static absl::StatusOr<std::unique_ptr<WorkerThread>> Start(
      std::function<void()> body, int guest_cpu);
  // Waits for the end of `body`.
  ~WorkerThread();
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  // Allows it that CPU too: who was there is about to wait for the worker.
  void UseAllCpus();

 private:
  explicit WorkerThread(std::function<void()> body) : body_(std::move(body)) {}
  static void* Main(void* worker);
  void KeepOff(int cpu);

  const std::function<void()> body_;
  cpu_set_t allowed_ = {};  // empty unless it keeps off one of them
  pthread_t thread_ = {};
  bool started_ = false;
};

}  // namespace emu

#endif  // ARCH_HOST_WORKER_THREAD_H_

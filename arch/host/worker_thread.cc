// SPDX-License-Identifier: Apache-2.0

#include "arch/host/worker_thread.h"

#include <signal.h>

#include "arch/base/host_status.h"

namespace emu {
namespace {

// Deep calls are no worker's business.
constexpr size_t kStack = 512 << 10;

}  // namespace

absl::StatusOr<std::unique_ptr<WorkerThread>> WorkerThread::Start(
    std::function<void()> body, int guest_cpu) {
  auto worker =
      std::unique_ptr<WorkerThread>(new WorkerThread(std::move(body)));
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  // The thread begins with the mask of the one that makes it.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error =
      pthread_create(&worker->thread_, &attributes, Main, worker.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) return HostError(error, "pthread_create()");
  worker->started_ = true;
  if (guest_cpu >= 0) worker->KeepOff(guest_cpu);
  return worker;
}

WorkerThread::~WorkerThread() {
  if (started_) pthread_join(thread_, nullptr);
}

void* WorkerThread::Main(void* worker) {
  pthread_setname_np(pthread_self(), "emu-worker");
  static_cast<WorkerThread*>(worker)->body_();
  return nullptr;
}

void WorkerThread::KeepOff(int cpu) {
  cpu_set_t allowed;
  if (cpu >= CPU_SETSIZE ||
      pthread_getaffinity_np(thread_, sizeof(allowed), &allowed) != 0) {
    return;
  }
  cpu_set_t others = allowed;
  CPU_CLR(cpu, &others);
  // Where that is refused, the worker is in the guests' way and no more.
  if (CPU_COUNT(&others) > 0 &&
      pthread_setaffinity_np(thread_, sizeof(others), &others) == 0) {
    allowed_ = allowed;
  }
}

void WorkerThread::UseAllCpus() {
  if (CPU_COUNT(&allowed_) == 0) return;
  pthread_setaffinity_np(thread_, sizeof(allowed_), &allowed_);
}

}  // namespace emu

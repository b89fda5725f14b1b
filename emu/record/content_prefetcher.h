// SPDX-License-Identifier: Apache-2.0
//
// Unpacks the contents of a recording on a thread of its own, before a replay
// opens them: in the order of the recording, which is that of their first use.
// What it can not unpack, or what is too large, is left to the replay. Memory is
// bounded whatever the recording says. Owned by the command.

#ifndef EMU_RECORD_CONTENT_PREFETCHER_H_
#define EMU_RECORD_CONTENT_PREFETCHER_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "arch/host/worker_thread.h"
#include "emu/record/content_store.h"
#include "emu/trace/content_reader.h"
#include "emu/trace/trace_reader.h"

namespace emu {

class ContentPrefetcher {
 public:
  // What waits to be taken: no more is begun beyond so many bytes or contents,
  // and none that is larger. Once it has come to that, it goes on when a batch of
  // them, or half, were taken: to be woken is dear.
  struct Limits {
    uint64_t bytes = 64 << 20;
    size_t contents = 1024;
    size_t batch = 256;
  };

  // Both outlive it.
  ContentPrefetcher(const TraceReader& reader, ContentStore& store,
                    const Limits& limits);
  ~ContentPrefetcher();
  ContentPrefetcher(const ContentPrefetcher&) = delete;
  ContentPrefetcher& operator=(const ContentPrefetcher&) = delete;

  // Fails where the host has no thread to give: Take then gives nothing.
  absl::Status Start();
  // As WorkerThread's, if there is a thread.
  void KeepOffThisCpu();

  // A slot that holds all of the content, with one user, who is the caller. It
  // waits for one that is being unpacked. None: the caller is to unpack it.
  // Contents before it will not be asked for any more, or are not to be had.
  std::optional<ContentStore::Slot> Take(ContentId content);
  // Waits until the thread has nothing to do or no room. Returns how many
  // contents wait to be taken. Requires: there is a thread.
  size_t WaitUntilIdle();

 private:
  struct Ready {
    ContentId content;
    ContentStore::Slot slot;
    uint64_t size;
  };

  // The thread's.
  void Run();
  std::optional<Ready> Unpack(ContentId content);
  void NoteFull();
  // Whether the thread is to go on because of it.
  bool NoteRoom();
  bool ending();

  const Limits limits_;
  const ContentId count_;
  const std::unique_ptr<ContentReader> reader_;  // the thread's
  ContentStore& store_;
  std::unique_ptr<WorkerThread> thread_;

  // Under mutex_. Plain std::mutex: see WorkQueue.
  std::mutex mutex_;
  std::condition_variable changed_;
  ContentId next_ = 0;              // to be unpacked
  std::optional<ContentId> now_;    // is being unpacked
  std::deque<Ready> ready_;         // by number
  uint64_t bytes_ = 0;              // of ready_
  size_t full_ = 0;                 // how many it was; 0: it is not
  bool ending_ = false;
};

}  // namespace emu

#endif  // EMU_RECORD_CONTENT_PREFETCHER_H_

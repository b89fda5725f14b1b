// SPDX-License-Identifier: Apache-2.0
//
// Unpacks the contents of a recording on a thread of its own, before a replay
// opens them: in the order of the recording, which is that of their first use. A
// replay that needs one before it is ready helps. What can not be unpacked, or is
// too large, is left to the replay. Memory is bounded whatever the recording says.
// Owned by the command.

#ifndef EMU_RECORD_CONTENT_PREFETCHER_H_
#define EMU_RECORD_CONTENT_PREFETCHER_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

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

  // All of a content. The slot has one user, who has this.
  struct Unpacked {
    ContentId content;
    uint64_t size;
    std::optional<ContentStore::Slot> slot = {};
    std::string bytes = {};  // instead, up to ContentStore::kLargestString
  };

  // Both outlive it.
  ContentPrefetcher(const TraceReader& reader, ContentStore& store,
                    const Limits& limits);
  ~ContentPrefetcher();
  ContentPrefetcher(const ContentPrefetcher&) = delete;
  ContentPrefetcher& operator=(const ContentPrefetcher&) = delete;

  // The thread starts as WorkerThread's. Fails where the host has none to give:
  // Take then gives nothing.
  absl::Status Start(int guest_cpu);

  // One that is being unpacked the caller helps to finish. None: the caller is to
  // unpack it. Contents before it will not be asked for any more, or are not to be
  // had.
  std::optional<Unpacked> Take(ContentId content);
  // Unpacks these chunks of a content to a slot, together with the thread, which
  // has nothing more urgent to do. False: not all of them are there, because
  // there is no thread or the recording is damaged.
  bool UnpackTogether(ContentId content, ContentStore::Slot slot,
                      std::vector<uint64_t> chunks);
  // The run is over, and nobody looks at contents any more: the thread gives the
  // store's memory back, while the caller goes on. Take gives nothing any more.
  void Discard();
  // Waits until the thread has nothing to do or no room. Returns how many
  // contents wait to be taken. Requires: there is a thread.
  size_t WaitUntilIdle();

 private:
  // What is being unpacked, a chunk at a time if it is for a slot.
  struct Unpacking {
    ContentId content;
    ContentStore::Slot slot = 0;
    std::vector<uint64_t> chunks = {};  // for a slot, once they are known
    size_t next = 0;                    // of them, to be begun
    int busy = 0;                       // threads that have begun one
    bool failed = false;
    bool begun() const { return next == chunks.size(); }
  };
  using Lock = std::unique_lock<std::mutex>;

  // The thread's.
  void Run();
  void Unpack(Lock& lock);
  void UnpackToString(uint64_t size, Lock& lock);
  void UnpackToSlot(uint64_t size, Lock& lock);
  // Unpacks chunks of `work` until all are begun, those that were asked for
  // before others. It stays where it is while a thread is busy with it.
  void UnpackChunks(ContentReader& reader, Unpacking& work, Lock& lock);
  bool UnpackChunk(ContentReader& reader, const Unpacking& work,
                   uint64_t chunk);
  // Returns when that content is not being unpacked any more.
  void Help(ContentId content, Lock& lock);
  void End(bool discard);
  void AddReady(Unpacked unpacked);
  // Whether the thread is to go on because of it.
  bool NoteRoom();

  const Limits limits_;
  const ContentId count_;
  const std::unique_ptr<ContentReader> reader_;  // the thread's
  const std::unique_ptr<ContentReader> helper_;  // the caller's
  ContentStore& store_;
  std::unique_ptr<WorkerThread> thread_;

  // Under mutex_. Plain std::mutex: see WorkQueue.
  std::mutex mutex_;
  std::condition_variable changed_;
  ContentId next_ = 0;            // to be unpacked
  std::optional<Unpacking> now_;    // set and reset by the thread
  std::optional<Unpacking> asked_;  // by the caller, who waits for it
  std::deque<Unpacked> ready_;    // by number
  uint64_t bytes_ = 0;            // of ready_
  size_t full_ = 0;               // how many it was; 0: it is not
  bool ending_ = false;
  bool discarding_ = false;  // before it ends
};

}  // namespace emu

#endif  // EMU_RECORD_CONTENT_PREFETCHER_H_

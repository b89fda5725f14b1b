// SPDX-License-Identifier: Apache-2.0
//
// Contents of files where guests can map them: each in a slot of its own of one
// sparse memory, far from the others. A content is there while files use it.
// Threads may use the store at the same time, and a slot one behind the other.
// Owned by the command.

#ifndef EMU_RECORD_CONTENT_STORE_H_
#define EMU_RECORD_CONTENT_STORE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "arch/host/sparse_memory.h"
#include "emu/trace/recording.h"

namespace emu {

class ContentStore {
 public:
  using Slot = int;
  // No file is larger.
  static constexpr uint64_t kSlotSize = uint64_t{1} << 40;
  // What has no more bytes takes less time in a string of its own than here, as
  // long as guests only read it, and no more room.
  static constexpr uint64_t kLargestString = 64 << 10;

  static absl::StatusOr<std::unique_ptr<ContentStore>> Create();

  int fd() const { return memory_.fd(); }
  // Where the slot's first byte is in it.
  static uint64_t Start(Slot slot) { return static_cast<uint64_t>(slot) * kSlotSize; }

  // A slot with one user and no bytes.
  Slot New();
  absl::Status Write(Slot slot, uint64_t offset, absl::Span<const char> bytes);
  absl::Status Read(Slot slot, uint64_t offset, absl::Span<char> out) const;
  // What is behind `size` is zeroes; what is before it can be mapped.
  absl::Status SetSize(Slot slot, uint64_t size);

  // One user more.
  void Keep(Slot slot);
  // The slot of a content, which has one user more now, if it is here.
  std::optional<Slot> Use(ContentId content);
  // `slot`, which was New, holds that content. Returns the slot to use instead,
  // where it was here already.
  Slot Settle(Slot slot, ContentId content);
  // One user less.
  void Release(Slot slot);
  // Gives all memory back, which takes 0.6 us a page. All that may be done with
  // slots from now on is to release them.
  void Discard();

 private:
  struct Usage {
    int users = 0;
    ContentId content = kNoContent;
  };

  void ReleaseLocked(Slot slot);
  std::optional<Slot> UseLocked(ContentId content);

  explicit ContentStore(SparseMemory memory) : memory_(std::move(memory)) {}

  SparseMemory memory_;

  // Under mutex_. Plain std::mutex: see WorkQueue.
  std::mutex mutex_;
  std::vector<Usage> slots_;
  std::vector<Slot> free_;
  std::map<ContentId, Slot> by_content_;
  bool discarded_ = false;
};

}  // namespace emu

#endif  // EMU_RECORD_CONTENT_STORE_H_

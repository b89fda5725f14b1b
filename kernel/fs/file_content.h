// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a regular file, and what mmap shows of it. Owned by its inode.
//
// A content is in one of three places: small ones on the heap; those imported
// from the host there, until they are first written, mapped shared and
// writable, or mapped where the host cannot; all others in the PageStore, in extents that grow geometrically so
// that appending never copies.

#ifndef KERNEL_FS_FILE_CONTENT_H_
#define KERNEL_FS_FILE_CONTENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "arch/host_tree.h"
#include "arch/page_store.h"
#include "arch/result.h"
#include "kernel/fs/page_set.h"
#include "kernel/iov_iter.h"
#include "kernel/mm/memory_account.h"
#include "kernel/mm/memory_object.h"

namespace emu {

// How many bytes of PageStore a file system's files may use together; contents
// charge whole pages.
struct SpaceQuota {
  uint64_t limit = ~0ull;
  uint64_t used = 0;
  // All file systems' together; null: not counted.
  FileMemory* memory = nullptr;

  // ENOSPC.
  Result<> Take(uint64_t bytes);
  // What guests have taken already, through a mapping.
  void Add(uint64_t bytes);
  void GiveBack(uint64_t bytes);
};

class FileContent : public MemoryObject {
 public:
  // `quota` may be null. Both must outlive the content.
  FileContent(PageStore& pages, SpaceQuota* quota);
  ~FileContent() override;

  // Before any other use: the content is `size` bytes of a host file, opened
  // when first needed.
  void ServeFromHost(HostTree& tree, std::string path, uint64_t size);
  // Opens the host's file, if that is where the content is; a small one is
  // copied, and the host's is not needed any more. The host's error.
  Result<> OpenHost();

  // fcntl(2)'s F_SEAL_*: how the content must not be changed any more.
  uint32_t seals = 0;

  uint64_t size() const { return size_; }
  // Bytes that it takes, whole pages; holes take none.
  uint64_t Allocated();

  // As Inode::ReadAt, WriteAt and their like. ENOSPC, EIO.
  Result<size_t> Read(IovIter& to, uint64_t offset);
  Result<size_t> Write(IovIter& from, uint64_t offset);
  Result<> SetSize(uint64_t size);
  Result<uint64_t> SeekData(uint64_t offset, bool hole);
  // Pages in the range hold zeroes of their own; the size stays.
  Result<> Reserve(uint64_t offset, uint64_t length);
  // The range reads as zeroes, its whole pages as holes.
  Result<> PunchHole(uint64_t offset, uint64_t length) override;

  // MemoryObject.
  std::optional<Piece> Locate(uint64_t offset, uint64_t length) override;
  Result<> BeforeMap(bool shared, bool writable) override;
  bool IsResident(uint64_t offset) override;

 private:
  // File bytes [start, end) lie at `store` of the PageStore.
  struct Extent {
    uint64_t start, end, store;
  };

  bool on_host() const { return tree_ != nullptr; }
  // The content leaves the heap or the host for the PageStore. A file on the
  // host of which no more than `keep` bytes are wanted is read no further.
  Result<> MoveToPages(uint64_t keep);
  Result<> ReadWholeHost(char* to, uint64_t size);
  // If the host's file is as long as it was, its bytes become the content.
  Result<> TakeSmallHost();
  void CloseHost();
  Result<size_t> ReadHost(IovIter& to, uint64_t offset, size_t count);
  Result<size_t> ReadPages(IovIter& to, uint64_t offset, size_t count);
  Result<size_t> WriteHeap(IovIter& from, uint64_t offset, size_t count);
  Result<size_t> WritePages(IovIter& from, uint64_t offset, size_t count);

  // The extent that holds byte `offset`; null if none does.
  const Extent* FindExtent(uint64_t offset) const;
  // The same, made if need be, for at most [offset, end).
  Result<const Extent*> MakeExtent(uint64_t offset, uint64_t end);
  // The pages take space now: those that did not are charged for. ENOSPC,
  // unless they are taken already.
  Result<> Take(PageRange pages, bool beyond_quota = false);
  // Takes them, and they hold data.
  Result<> AddData(PageRange pages);
  // They neither hold data nor take space or memory any more.
  void Release(PageRange pages);
  // Guests wrote through mappings: asks the store which pages hold data.
  void RefreshData();
  void Zero(uint64_t start, uint64_t end);
  void SizeChanged(uint64_t old_size);

  PageStore& pages_;
  SpaceQuota* const quota_;
  uint64_t size_ = 0;

  std::string heap_;  // the bytes, while there are few: in_heap_
  bool in_heap_ = true;

  HostTree* tree_ = nullptr;  // set while the content is the host's
  std::string host_path_;
  HostFileId host_file_;
  bool host_opened_ = false;
  bool host_maps_[2] = {};  // it is known to: privately, shared

  // In order, not overlapping.
  std::vector<Extent> extents_;
  // The pages that take space, and those among them that hold data: the others
  // were only reserved.
  PageSet taken_;
  PageSet data_;
  // A guest may have written to pages that data_ does not have.
  bool was_mapped_ = false;
};

}  // namespace emu

#endif  // KERNEL_FS_FILE_CONTENT_H_

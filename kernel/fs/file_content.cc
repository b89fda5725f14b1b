// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/file_content.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace emu {
namespace {

// Contents of up to a page stay on the heap until someone maps them.
constexpr uint64_t kHeapLimit = kPageSize;
// Extents grow no further than this.
constexpr uint64_t kLargestExtent = uint64_t{1} << 30;
constexpr uint64_t kReadChunk = 256 * 1024;

}  // namespace

Result<> SpaceQuota::Take(uint64_t bytes) {
  if (bytes > limit - std::min(limit, used)) return Errno(ENOSPC);
  if (memory != nullptr && !memory->Take(bytes)) return Errno(ENOSPC);
  used += bytes;
  return {};
}

void SpaceQuota::Add(uint64_t bytes) {
  used += bytes;
  if (memory != nullptr) memory->Add(bytes);
}

void SpaceQuota::GiveBack(uint64_t bytes) {
  used -= bytes;
  if (memory != nullptr) memory->GiveBack(bytes);
}

FileContent::FileContent(PageStore& pages, SpaceQuota* quota)
    : pages_(pages), quota_(quota) {}

FileContent::~FileContent() {
  CloseHost();
  Release({0, ~0ull / kPageSize});
}

void FileContent::ServeFromHost(HostTree& tree, std::string path,
                                uint64_t size) {
  tree_ = &tree;
  host_path_ = std::move(path);
  size_ = size;
  in_heap_ = false;
}

Result<> FileContent::OpenHost() {
  if (!on_host() || host_opened_) return {};
  host_file_ = TRY(tree_->Open(host_path_, /*writable=*/false));
  host_opened_ = true;
  return size_ <= kHeapLimit ? TakeSmallHost() : Result<>();
}

Result<> FileContent::TakeSmallHost() {
  std::string bytes(size_, '\0');
  const size_t got =
      TRY(tree_->ReadAt(host_file_, absl::MakeSpan(&bytes[0], size_), 0));
  if (got < size_) return {};
  TRY(AddData({0, 1}));
  heap_ = std::move(bytes);
  in_heap_ = true;
  CloseHost();
  return {};
}

void FileContent::CloseHost() {
  if (host_opened_) tree_->Close(host_file_);
  host_opened_ = false;
  tree_ = nullptr;
}

uint64_t FileContent::Allocated() {
  if (on_host()) return PageUp(size_);
  RefreshData();
  return taken_.count() * kPageSize;
}

// Reading.

Result<size_t> FileContent::Read(IovIter& to, uint64_t offset) {
  if (offset >= size_) return size_t{0};
  const size_t count = std::min<uint64_t>(to.remaining(), size_ - offset);
  if (count == 0) return size_t{0};
  TRY(OpenHost());
  if (in_heap_) return to.Put(heap_.data() + offset, count);
  if (on_host()) return ReadHost(to, offset, count);
  return ReadPages(to, offset, count);
}

Result<size_t> FileContent::ReadHost(IovIter& to, uint64_t offset,
                                     size_t count) {
  char small[4096];
  std::unique_ptr<char[]> large;
  size_t done = 0;
  while (done < count) {
    // The same pieces wherever the bytes are: digests of calls' data tell them.
    const size_t want = std::min<uint64_t>(count - done, kReadChunk);
    absl::string_view bytes =
        tree_->View(host_file_, offset + done).substr(0, want);
    if (bytes.size() < want) {
      if (want > sizeof(small) && large == nullptr) {
        large = std::make_unique_for_overwrite<char[]>(want);
      }
      char* const buffer = large != nullptr ? large.get() : small;
      Result<size_t> got = tree_->ReadAt(
          host_file_, absl::MakeSpan(buffer, want), offset + done);
      if (!got.ok()) return done > 0 ? Result<size_t>(done) : got.error();
      bytes = {buffer, *got};
    }
    if (bytes.empty()) break;
    Result<size_t> put = to.Put(bytes.data(), bytes.size());
    if (!put.ok()) return done > 0 ? Result<size_t>(done) : put.error();
    done += *put;
    if (*put < bytes.size()) break;
  }
  return done;
}

Result<size_t> FileContent::ReadPages(IovIter& to, uint64_t offset,
                                      size_t count) {
  size_t done = 0;
  while (done < count) {
    const uint64_t at = offset + done;
    uint64_t end = offset + count;
    // Data, or else a hole up to the next one. A page that a guest may have
    // written through a mapping counts as data wherever there is an extent.
    bool hole = false;
    if (!was_mapped_) {
      const PageSet::Run run = data_.RunAt(at / kPageSize);
      hole = !run.in_set;
      if (run.end != PageSet::kNoEnd) end = std::min(end, run.end * kPageSize);
    }
    const Extent* extent = hole ? nullptr : FindExtent(at);
    Result<size_t> put(size_t{0});
    size_t want;
    if (extent != nullptr) {
      want = std::min(end, extent->end) - at;
      put = to.Put(pages_.At(extent->store + (at - extent->start)), want);
    } else {
      if (!hole) {
        auto next = std::partition_point(
            extents_.begin(), extents_.end(),
            [&](const Extent& e) { return e.start <= at; });
        if (next != extents_.end()) end = std::min(end, next->start);
      }
      want = end - at;
      put = to.PutZeroes(want);
    }
    if (!put.ok()) return done > 0 ? Result<size_t>(done) : put.error();
    done += *put;
    if (*put < want) break;
  }
  return done;
}

// Writing.

Result<size_t> FileContent::Write(IovIter& from, uint64_t offset) {
  if (from.remaining() == 0) return size_t{0};
  if ((seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0) {
    return Errno(EPERM);
  }
  if ((seals & F_SEAL_GROW) != 0 && from.remaining() + offset > size_) {
    // Linux goes page by page: those that lie before the end are written.
    if (offset >= PageDown(size_)) return Errno(EPERM);
    from.Truncate(PageDown(size_) - offset);
  }
  const size_t count = from.remaining();
  if (in_heap_ && offset + count <= kHeapLimit) {
    return WriteHeap(from, offset, count);
  }
  TRY(MoveToPages(~0ull));
  const uint64_t old_size = size_;
  if (offset > old_size) Zero(old_size, std::min(offset, PageUp(old_size)));
  Result<size_t> written = WritePages(from, offset, count);
  if (written.ok() && offset + *written > size_) {
    size_ = offset + *written;
    SizeChanged(old_size);
  }
  return written;
}

Result<size_t> FileContent::WriteHeap(IovIter& from, uint64_t offset,
                                      size_t count) {
  if (data_.count() == 0) TRY(AddData({0, 1}));
  const size_t old_size = heap_.size();
  if (offset + count > old_size) heap_.resize(offset + count);
  Result<size_t> got = from.Get(heap_.data() + offset, count);
  const size_t moved = got.ok() ? *got : 0;
  if (offset + moved < heap_.size()) {
    heap_.resize(std::max<size_t>(old_size, moved > 0 ? offset + moved : 0));
  }
  size_ = heap_.size();
  return got;
}

Result<size_t> FileContent::WritePages(IovIter& from, uint64_t offset,
                                       size_t count) {
  size_t done = 0;
  while (done < count) {
    const uint64_t at = offset + done;
    Result<const Extent*> made = MakeExtent(at, offset + count);
    if (!made.ok()) return done > 0 ? Result<size_t>(done) : made.error();
    const Extent extent = **made;
    uint64_t want = std::min(offset + count, extent.end) - at;
    Result<> charged = AddData({at / kPageSize, PageUp(at + want) / kPageSize});
    if (!charged.ok()) {
      // As much as there is room for.
      want = std::min(want, kPageSize - at % kPageSize);
      charged = AddData({at / kPageSize, at / kPageSize + 1});
    }
    if (!charged.ok()) return done > 0 ? Result<size_t>(done) : charged.error();
    Result<size_t> got =
        from.Get(pages_.At(extent.store + (at - extent.start)), want);
    if (!got.ok()) return done > 0 ? Result<size_t>(done) : got.error();
    done += *got;
    if (*got < want) break;
  }
  return done;
}

Result<> FileContent::MoveToPages(uint64_t keep) {
  if (!in_heap_ && !on_host()) return {};
  const uint64_t size = std::min(size_, keep);
  if (size > 0) {
    TRY(OpenHost());
    const uint64_t length = PageUp(size);
    const PageRange all = {0, length / kPageSize};
    const uint64_t store = TRY(pages_.Reserve(length));
    if (on_host()) TRY(AddData(all));
    if (on_host()) {
      Result<> read = ReadWholeHost(pages_.At(store), size);
      if (!read.ok()) {
        Release(all);
        pages_.Free(store, length);
        return read;
      }
    } else {
      memcpy(pages_.At(store), heap_.data(), size);
    }
    extents_.push_back({0, length, store});
  }
  const bool moved = on_host() && mapped();
  in_heap_ = false;
  heap_ = std::string();
  CloseHost();
  if (moved) Changed(0, PageUp(size_));
  return {};
}

Result<> FileContent::ReadWholeHost(char* to, uint64_t size) {
  uint64_t done = 0;
  while (done < size) {
    const size_t got = TRY(tree_->ReadAt(
        host_file_, absl::MakeSpan(to + done, size - done), done));
    if (got == 0) break;
    done += got;
  }
  return {};
}

// Size and holes.

Result<> FileContent::SetSize(uint64_t size) {
  if (size == size_) return {};
  if ((seals & (size < size_ ? F_SEAL_SHRINK : F_SEAL_GROW)) != 0) {
    return Errno(EPERM);
  }
  if (in_heap_ && size <= kHeapLimit) {
    heap_.resize(size);
    size_ = size;
    if (size == 0) Release({0, 1});
    return {};
  }
  TRY(MoveToPages(size));
  const uint64_t old_size = size_;
  if (size < old_size) {
    size_ = size;
    Zero(size, std::min(old_size, PageUp(size)));
    if (was_mapped_) RefreshData();
    const uint64_t first = PageUp(size) / kPageSize;
    Release({first, ~0ull / kPageSize});
  } else {
    Zero(old_size, std::min(size, PageUp(old_size)));
    size_ = size;
  }
  SizeChanged(old_size);
  return {};
}

// Mappings show pages that came to be or ended.
void FileContent::SizeChanged(uint64_t old_size) {
  if (!mapped()) return;
  const uint64_t low = PageUp(std::min(old_size, size_));
  const uint64_t high = PageUp(std::max(old_size, size_));
  if (low < high) Changed(low, high - low);
}

Result<> FileContent::Reserve(uint64_t offset, uint64_t length) {
  TRY(MoveToPages(~0ull));
  const uint64_t end = PageUp(offset + length);
  for (uint64_t at = PageDown(offset); at < end;) {
    const Extent* extent = TRY(MakeExtent(at, end));
    at = extent->end;
  }
  return Take({offset / kPageSize, end / kPageSize});
}

Result<> FileContent::PunchHole(uint64_t offset, uint64_t length) {
  if ((seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0) {
    return Errno(EPERM);
  }
  const uint64_t end = std::min(offset + length, PageUp(size_));
  if (offset >= end) return {};
  TRY(MoveToPages(~0ull));
  if (was_mapped_) RefreshData();
  const uint64_t first = PageUp(offset);
  const uint64_t last = PageDown(end);
  if (first >= last) {
    Zero(offset, end);
    return {};
  }
  Zero(offset, first);
  Zero(last, end);
  Release({first / kPageSize, last / kPageSize});
  return {};
}

Result<uint64_t> FileContent::SeekData(uint64_t offset, bool hole) {
  if (offset >= size_) return Errno(ENXIO);
  if (on_host()) return hole ? size_ : offset;
  RefreshData();
  const PageSet::Run run = data_.RunAt(offset / kPageSize);
  if (run.in_set == !hole) return offset;
  // What is looked for begins where this run ends; behind all data is a hole.
  if (run.end == PageSet::kNoEnd || run.end * kPageSize >= size_) {
    if (hole) return size_;
    return Errno(ENXIO);
  }
  return run.end * kPageSize;
}

void FileContent::Zero(uint64_t start, uint64_t end) {
  while (start < end) {
    const Extent* extent = FindExtent(start);
    const uint64_t piece_end = extent != nullptr
                                   ? std::min(end, extent->end)
                                   : std::min(end, PageDown(start) + kPageSize);
    const uint64_t page = start / kPageSize;
    const bool may_hold_data =
        was_mapped_ || data_.Count({page, PageUp(piece_end) / kPageSize}) > 0;
    if (extent != nullptr && may_hold_data) {
      memset(pages_.At(extent->store + (start - extent->start)), 0,
             piece_end - start);
    }
    start = piece_end;
  }
}

// Extents.

const FileContent::Extent* FileContent::FindExtent(uint64_t offset) const {
  auto it =
      std::partition_point(extents_.begin(), extents_.end(),
                           [&](const Extent& e) { return e.end <= offset; });
  if (it == extents_.end() || it->start > offset) return nullptr;
  return &*it;
}

Result<const FileContent::Extent*> FileContent::MakeExtent(uint64_t offset,
                                                           uint64_t end) {
  auto it =
      std::partition_point(extents_.begin(), extents_.end(),
                           [&](const Extent& e) { return e.end <= offset; });
  if (it != extents_.end() && it->start <= offset) return &*it;
  const uint64_t start = PageDown(offset);
  uint64_t limit = PageUp(end);
  if (it != extents_.end()) {
    limit = std::min(limit, it->start);
  } else if (!extents_.empty() && extents_.back().end == start) {
    // Appended to: as much again as there is.
    limit = std::max(limit, start + std::min(start, kLargestExtent));
  }
  const uint64_t store = TRY(pages_.Reserve(limit - start));
  it = extents_.insert(it, {start, limit, store});
  return &*it;
}

// Which pages hold data.

Result<> FileContent::Take(PageRange pages, bool beyond_quota) {
  const uint64_t fresh = pages.size() - taken_.Count(pages);
  if (fresh == 0) return {};
  if (quota_ != nullptr) {
    if (beyond_quota) {
      quota_->Add(fresh * kPageSize);
    } else {
      TRY(quota_->Take(fresh * kPageSize));
    }
  }
  taken_.Add(pages);
  return {};
}

Result<> FileContent::AddData(PageRange pages) {
  if (data_.Count(pages) == pages.size()) return {};
  TRY(Take(pages));
  data_.Add(pages);
  return {};
}

void FileContent::Release(PageRange pages) {
  for (const Extent& e : extents_) {
    const uint64_t start = std::max(e.start, pages.start * kPageSize);
    const uint64_t end = std::min(e.end, pages.end * kPageSize);
    if (start >= end) continue;
    if (was_mapped_ || data_.Count({start / kPageSize, end / kPageSize}) > 0) {
      pages_.Free(e.store + (start - e.start), end - start);
    }
  }
  if (quota_ != nullptr) quota_->GiveBack(taken_.Count(pages) * kPageSize);
  taken_.Remove(pages);
  data_.Remove(pages);
}

void FileContent::RefreshData() {
  if (!was_mapped_) return;
  for (const Extent& e : extents_) {
    const uint64_t end = e.store + (e.end - e.start);
    uint64_t at = e.store;
    while ((at = pages_.NextData(at, end)) < end) {
      const uint64_t hole = pages_.NextHole(at, end);
      const uint64_t start = e.start + (at - e.store);
      const PageRange written = {start / kPageSize,
                                 PageUp(start + (hole - at)) / kPageSize};
      (void)Take(written, /*beyond_quota=*/true);
      data_.Add(written);
      at = hole;
    }
  }
  if (!mapped()) was_mapped_ = false;
}

// Mapping.

std::optional<MemoryObject::Piece> FileContent::Locate(uint64_t offset,
                                                       uint64_t length) {
  const uint64_t end = std::min(PageUp(size_), offset + length);
  if (offset >= end) return std::nullopt;
  if (!OpenHost().ok()) return std::nullopt;
  if (on_host()) {
    return Piece{{Backing::Kind::kHostFile, offset, host_file_}, end - offset};
  }
  if (!MoveToPages(~0ull).ok()) return std::nullopt;
  Result<const Extent*> made = MakeExtent(offset, end);
  if (!made.ok()) return std::nullopt;
  was_mapped_ = true;
  const Extent& extent = **made;
  return Piece{{Backing::Kind::kPages, extent.store + (offset - extent.start),
                HostFileId()},
               std::min(end, extent.end) - offset};
}

Result<> FileContent::BeforeMap(bool shared, bool writable) {
  if (shared && writable &&
      (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0) {
    return Errno(EPERM);
  }
  if (on_host() && !(shared && writable)) {
    TRY(OpenHost());
    // A small one has left the host by that.
    bool& maps = host_maps_[shared ? 1 : 0];
    if (!maps && on_host()) maps = tree_->CanMap(host_file_, shared);
    if (maps) return {};
  }
  return MoveToPages(~0ull);
}

// Holes that nobody touched are not.
bool FileContent::IsResident(uint64_t offset) {
  if (on_host() || in_heap_) return true;
  const Extent* extent = FindExtent(offset);
  if (extent == nullptr) return false;
  const uint64_t page = extent->store + (offset - extent->start);
  return pages_.NextData(page, page + kPageSize) == page;
}

}  // namespace emu

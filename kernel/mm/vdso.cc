// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/vdso.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "arch/page_store.h"
#include "kernel/clock.h"
#include "kernel/kernel.h"
#include "kernel/mm/memory_map.h"
#include "kernel/mm/memory_object.h"

namespace emu {

// Some pages of the store that stay where they are.
class Vdso::Pages : public MemoryObject {
 public:
  Pages(uint64_t offset, uint64_t length) : offset_(offset), length_(length) {}

  std::optional<Piece> Locate(uint64_t offset, uint64_t length) override {
    if (offset >= length_) return std::nullopt;
    return Piece{{Backing::Kind::kPages, offset_ + offset, HostFileId{}},
                 std::min(length, length_ - offset)};
  }
  Result<> BeforeMap(bool, bool) override { return {}; }
  uint64_t length() const { return length_; }

 private:
  const uint64_t offset_;
  const uint64_t length_;
};

Vdso::Vdso(Kernel& kernel) {
  const absl::string_view image = VdsoImage();
  const uint64_t image_length = PageUp(image.size());
  const Result<uint64_t> store =
      kernel.pages().Reserve(kPageSize + image_length);
  if (!store.ok()) return;
  data_page_ = std::make_shared<Pages>(*store, kPageSize);
  image_ = std::make_shared<Pages>(*store + kPageSize, image_length);
  memcpy(kernel.pages().At(*store + kPageSize), image.data(), image.size());
  data_ = reinterpret_cast<VdsoData*>(kernel.pages().At(*store));
}

Vdso::~Vdso() = default;

uint64_t Vdso::length() const {
  return data_ == nullptr ? 0 : data_page_->length() + image_->length();
}

Result<GuestAddr> Vdso::Map(MemoryMap& map, GuestAddr start) {
  Area data;
  data.start = start;
  data.end = start + data_page_->length();
  data.prot = PROT_READ | PROT_WRITE;
  data.shared = true;
  data.object = data_page_;
  data.name = "[vvar]";
  Area image;
  image.start = data.end;
  image.end = image.start + image_->length();
  image.prot = PROT_READ | PROT_EXEC;
  image.object = image_;
  image.name = "[vdso]";
  const GuestAddr at = image.start;
  TRY(map.MapAt(std::move(data)));
  TRY(map.MapAt(std::move(image)));
  return at;
}

void Vdso::Publish(const Clock& clock) {
  if (data_ != nullptr) *data_ = clock.ForVdso();
}

void Vdso::Collect(Clock& clock) {
  if (data_ != nullptr) clock.FromVdso(*data_);
}

}  // namespace emu

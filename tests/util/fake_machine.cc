// SPDX-License-Identifier: Apache-2.0

#include "tests/util/fake_machine.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "arch/base/check.h"

namespace emu {

Result<uint64_t> HeapPageStore::Reserve(uint64_t length) {
  if (length > uint64_t{1} << 32) return Errno(ENOSPC);
  const uint64_t start = end_;
  regions_[start] = {std::vector<char>(length),
                     std::vector<bool>(length / kPageSize)};
  end_ += length + kPageSize;  // so that running over an end is seen
  return start;
}

HeapPageStore::Region& HeapPageStore::Find(uint64_t offset, uint64_t* within) {
  auto region = regions_.upper_bound(offset);
  EMU_CHECK(region != regions_.begin());
  --region;
  *within = offset - region->first;
  EMU_CHECK(*within < region->second.bytes.size());
  return region->second;
}

char* HeapPageStore::At(uint64_t offset) {
  uint64_t within;
  Region& region = Find(offset, &within);
  region.touched[within / kPageSize] = true;
  return region.bytes.data() + within;
}

void HeapPageStore::Free(uint64_t offset, uint64_t length) {
  for (uint64_t page = PageUp(offset); page + kPageSize <= offset + length;
       page += kPageSize) {
    uint64_t within;
    Region& region = Find(page, &within);
    memset(region.bytes.data() + within, 0, kPageSize);
    region.touched[within / kPageSize] = false;
  }
}

uint64_t HeapPageStore::NextData(uint64_t offset, uint64_t end) {
  for (; offset < end; offset = PageDown(offset) + kPageSize) {
    uint64_t within;
    if (Find(offset, &within).touched[within / kPageSize]) return offset;
  }
  return end;
}

uint64_t HeapPageStore::NextHole(uint64_t offset, uint64_t end) {
  for (; offset < end; offset = PageDown(offset) + kPageSize) {
    uint64_t within;
    if (!Find(offset, &within).touched[within / kPageSize]) return offset;
  }
  return end;
}

void FakeAddressSpace::SplitAt(GuestAddr addr) {
  auto next = mappings_.upper_bound(addr);
  if (next == mappings_.begin()) return;
  auto it = std::prev(next);
  Mapping& head = it->second;
  if (head.start == addr || head.start + head.length <= addr) return;
  Mapping tail = head;
  const uint64_t cut = addr - head.start;
  tail.start = addr;
  tail.length -= cut;
  tail.backing.offset += cut;
  head.length = cut;
  mappings_.emplace(addr, tail);
}

void FakeAddressSpace::Remove(GuestAddr start, GuestAddr end) {
  SplitAt(start);
  SplitAt(end);
  mappings_.erase(mappings_.lower_bound(start), mappings_.lower_bound(end));
  pages_.erase(pages_.lower_bound(start), pages_.lower_bound(end));
}

const Mapping* FakeAddressSpace::Find(GuestAddr addr) const {
  auto next = mappings_.upper_bound(addr);
  if (next == mappings_.begin()) return nullptr;
  const Mapping& mapping = std::prev(next)->second;
  return addr < mapping.start + mapping.length ? &mapping : nullptr;
}

void FakeAddressSpace::Map(const Mapping& mapping) {
  ++operations_;
  EMU_CHECK(mapping.start % kPageSize == 0 && mapping.length > 0 &&
            mapping.length % kPageSize == 0 && mapping.start >= lowest() &&
            mapping.start + mapping.length <= highest());
  Remove(mapping.start, mapping.start + mapping.length);
  mappings_.emplace(mapping.start, mapping);
}

void FakeAddressSpace::Unmap(GuestAddr start, uint64_t length) {
  ++operations_;
  Remove(start, start + length);
}

void FakeAddressSpace::Protect(GuestAddr start, uint64_t length, int prot) {
  ++operations_;
  SplitAt(start);
  SplitAt(start + length);
  GuestAddr at = start;
  for (auto it = mappings_.lower_bound(start);
       it != mappings_.end() && it->first < start + length; ++it) {
    EMU_CHECK(it->first == at);
    it->second.prot = prot;
    at += it->second.length;
  }
  EMU_CHECK(at == start + length);
}

void FakeAddressSpace::Move(GuestAddr from, GuestAddr to, uint64_t length) {
  ++operations_;
  EMU_CHECK(from + length <= to || to + length <= from);
  Remove(to, to + length);
  SplitAt(from);
  SplitAt(from + length);
  std::vector<Mapping> moved;
  for (auto it = mappings_.lower_bound(from);
       it != mappings_.end() && it->first < from + length; ++it) {
    moved.push_back(it->second);
  }
  std::map<GuestAddr, PageBytes> bytes;
  for (auto it = pages_.lower_bound(from);
       it != pages_.end() && it->first < from + length; ++it) {
    bytes.emplace(it->first - from + to, it->second);
  }
  Remove(from, from + length);
  for (Mapping& mapping : moved) {
    mapping.start = mapping.start - from + to;
    mappings_.emplace(mapping.start, mapping);
  }
  pages_.insert(bytes.begin(), bytes.end());
}

void FakeAddressSpace::Discard(GuestAddr start, uint64_t length) {
  ++operations_;
  pages_.erase(pages_.lower_bound(start), pages_.lower_bound(start + length));
}

FakeAddressSpace::PageBytes FakeAddressSpace::Contents(GuestAddr page) const {
  if (auto own = pages_.find(page); own != pages_.end()) return own->second;
  const Mapping& mapping = *Find(page);
  const uint64_t offset = mapping.backing.offset + (page - mapping.start);
  PageBytes bytes = {};
  if (mapping.backing.kind == Backing::Kind::kPages) {
    memcpy(bytes.data(), machine_.pages().At(offset), kPageSize);
  } else if (mapping.backing.kind == Backing::Kind::kHostFile) {
    const std::string& file = machine_.host_files[mapping.backing.file.value];
    if (offset < file.size()) file.copy(bytes.data(), kPageSize, offset);
  }
  return bytes;
}

size_t FakeAddressSpace::CopyIn(void* to, GuestAddr from, size_t n) {
  size_t done = 0;
  while (done < n) {
    const GuestAddr addr = from + done;
    const Mapping* mapping = Find(addr);
    if (mapping == nullptr || mapping->prot == PROT_NONE) break;
    const size_t within = addr % kPageSize;
    const size_t piece = std::min<size_t>(n - done, kPageSize - within);
    const PageBytes bytes = Contents(PageDown(addr));
    memcpy(static_cast<char*>(to) + done, bytes.data() + within, piece);
    done += piece;
  }
  return done;
}

size_t FakeAddressSpace::CopyOut(GuestAddr to, const void* from, size_t n) {
  size_t done = 0;
  while (done < n) {
    const GuestAddr addr = to + done;
    const Mapping* mapping = Find(addr);
    if (mapping == nullptr || !(mapping->prot & PROT_WRITE)) break;
    const GuestAddr page = PageDown(addr);
    const size_t within = addr % kPageSize;
    const size_t piece = std::min<size_t>(n - done, kPageSize - within);
    char* bytes;
    if (mapping->shared && mapping->backing.kind == Backing::Kind::kPages) {
      bytes = machine_.pages().At(mapping->backing.offset +
                                  (page - mapping->start));
    } else {
      if (!pages_.contains(page)) pages_.emplace(page, Contents(page));
      bytes = pages_[page].data();
    }
    memcpy(bytes + within, static_cast<const char*>(from) + done, piece);
    done += piece;
  }
  return done;
}

std::unique_ptr<Mapping> FakeAddressSpace::PageAt(GuestAddr addr) const {
  const Mapping* found = Find(addr);
  if (found == nullptr) return nullptr;
  auto page = std::make_unique<Mapping>(*found);
  page->start = PageDown(addr);
  page->length = kPageSize;
  page->backing.offset += page->start - found->start;
  return page;
}

std::shared_ptr<FakeAddressSpace> FakeAddressSpace::Copy() const {
  auto copy = std::make_shared<FakeAddressSpace>(machine_);
  copy->mappings_ = mappings_;
  copy->pages_ = pages_;
  return copy;
}

Stop FakeCpu::Run(const RunLimit& limit) {
  limits.push_back(limit);
  if (stops.empty()) return Stop{};
  Stop stop = stops.front();
  stops.pop_front();
  return stop;
}

void FakeCpu::Reset(GuestAddr new_entry, GuestAddr sp) {
  entry = new_entry;
  stack = sp;
}

Result<> FakeCpu::PushSignalFrame(const SignalFrame& frame, FrameMemory&) {
  frames.push_back(frame);
  return {};
}

Result<RestoredFrame> FakeCpu::PopSignalFrame(FrameMemory&) {
  if (frames.empty()) return Errno(EFAULT);
  const SignalFrame frame = frames.back();
  frames.pop_back();
  return RestoredFrame{frame.mask, frame.altstack};
}

Result<Machine::Guest> FakeMachine::NewProcess() {
  auto memory = std::make_shared<FakeAddressSpace>(*this);
  return Guest{memory, std::make_unique<FakeCpu>(memory)};
}

Result<Machine::Guest> FakeMachine::Fork(AddressSpace& memory, Cpu&) {
  auto copy = static_cast<FakeAddressSpace&>(memory).Copy();
  return Guest{copy, std::make_unique<FakeCpu>(copy)};
}

Result<std::unique_ptr<Cpu>> FakeMachine::NewThread(
    std::shared_ptr<AddressSpace> memory, Cpu&) {
  return std::unique_ptr<Cpu>(std::make_unique<FakeCpu>(std::move(memory)));
}

}  // namespace emu

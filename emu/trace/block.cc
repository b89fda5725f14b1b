// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/block.h"

#include <zstd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "arch/base/check.h"
#include "arch/base/digest.h"
#include "emu/trace/wire.h"

namespace emu {
namespace {

bool IsKnown(BlockType type) {
  return type >= BlockType::kOptions && type <= BlockType::kExcerpts;
}

}  // namespace

std::string EncodeFileHeader() {
  std::string header(kTraceMagic);
  AppendFixed(header, kTraceVersion);
  AppendFixed(header,
              static_cast<uint32_t>(Digest(header.data(), header.size())));
  return header;
}

absl::Status CheckFileHeader(absl::string_view bytes) {
  if (bytes.substr(0, kTraceMagic.size()) !=
      kTraceMagic.substr(0, bytes.size())) {
    return absl::InvalidArgumentError("this is not a recording of emu");
  }
  if (bytes.size() < kFileHeaderSize) {
    return absl::InvalidArgumentError(
        bytes.empty() ? "the file is empty"
                      : "the recording was cut short in its first bytes");
  }
  if (LoadFixed<uint32_t>(&bytes[12]) !=
      static_cast<uint32_t>(Digest(bytes.data(), 12))) {
    return absl::InvalidArgumentError("the recording is damaged at byte 8");
  }
  const uint32_t version = LoadFixed<uint32_t>(&bytes[8]);
  if (version != kTraceVersion) {
    return absl::InvalidArgumentError(absl::StrCat(
        "this recording has version ", version,
        " of the format, and this emu reads version ", kTraceVersion));
  }
  return absl::OkStatus();
}

void AppendBlockHeader(std::string& to, const BlockHeader& header) {
  const size_t start = to.size();
  AppendFixed(to, static_cast<uint8_t>(header.type));
  AppendFixed(to, header.flags);
  AppendFixed(to, uint16_t{0});
  AppendFixed(to, header.raw_size);
  AppendFixed(to, header.stored_size);
  AppendFixed(to, header.count);
  AppendFixed(to, header.first);
  AppendFixed(to, header.checksum);
  AppendFixed(to, Digest(&to[start], to.size() - start));
}

bool ParseBlockHeader(const char* bytes, BlockHeader* header) {
  if (LoadFixed<uint64_t>(bytes + 32) != Digest(bytes, 32)) return false;
  header->type = static_cast<BlockType>(bytes[0]);
  header->flags = static_cast<uint8_t>(bytes[1]);
  header->raw_size = LoadFixed<uint32_t>(bytes + 4);
  header->stored_size = LoadFixed<uint32_t>(bytes + 8);
  header->count = LoadFixed<uint32_t>(bytes + 12);
  header->first = LoadFixed<uint64_t>(bytes + 16);
  header->checksum = LoadFixed<uint64_t>(bytes + 24);
  const bool packed = header->flags & BlockHeader::kPacked;
  return LoadFixed<uint16_t>(bytes + 2) == 0 &&
         (header->flags & ~(BlockHeader::kPacked | BlockHeader::kIgnorable)) ==
             0 &&
         header->raw_size <= kLargestBlock &&
         (packed ? header->stored_size < header->raw_size
                 : header->stored_size == header->raw_size);
}

BlockWriter::BlockWriter(ByteSink& sink)
    : sink_(sink), buffer_(EncodeFileHeader()) {
  held_ = buffer_.size();
  bytes_ = held_;
}

BlockWriter::~BlockWriter() { Flush(); }

void BlockWriter::Flush() {
  if (status_.ok() && held_ > 0) {
    status_ = sink_.Append(absl::string_view(buffer_).substr(0, held_));
  }
  held_ = 0;
}

void BlockWriter::Fail(absl::Status status) {
  Flush();
  if (status_.ok()) status_ = std::move(status);
}

char* BlockWriter::Room(size_t size) {
  const size_t end = held_ + kBlockHeaderSize + size;
  if (buffer_.size() < end) buffer_.resize(end);
  return &buffer_[held_ + kBlockHeaderSize];
}

void BlockWriter::Commit(BlockHeader header) {
  if (header.type == BlockType::kExcerpts) {
    header.flags |= BlockHeader::kIgnorable;
  }
  header.checksum =
      Digest(&buffer_[held_ + kBlockHeaderSize], header.stored_size);
  std::string encoded;
  AppendBlockHeader(encoded, header);
  encoded.copy(&buffer_[held_], kBlockHeaderSize);
  held_ += kBlockHeaderSize + header.stored_size;
  bytes_ += kBlockHeaderSize + header.stored_size;
  if (held_ >= kMostHeld) Flush();
}

void BlockWriter::Write(BlockType type, uint32_t count, uint64_t first,
                        absl::Span<const absl::string_view> parts,
                        const Compression& compression) {
  if (!status_.ok()) return;
  size_t size = 0;
  for (const absl::string_view part : parts) size += part.size();
  EMU_CHECK(size <= kLargestBlock);
  char* const payload = Room(size);
  BlockHeader header{.type = type,
                     .flags = BlockHeader::kPacked,
                     .raw_size = static_cast<uint32_t>(size),
                     .count = count,
                     .first = first};
  if (const auto packed = compressor_.Pack(
          parts, absl::MakeSpan(payload, size), compression)) {
    header.stored_size = static_cast<uint32_t>(*packed);
  } else {
    header.flags = 0;
    header.stored_size = header.raw_size;
    char* at = payload;
    for (const absl::string_view part : parts) {
      at = std::copy(part.begin(), part.end(), at);
    }
  }
  Commit(header);
}

void BlockWriter::WritePacked(BlockType type, uint32_t count, uint64_t first,
                              absl::string_view payload,
                              absl::string_view packed) {
  if (!status_.ok()) return;
  EMU_CHECK(payload.size() <= kLargestBlock && packed.size() < payload.size());
  const absl::string_view stored = packed.empty() ? payload : packed;
  stored.copy(Room(stored.size()), stored.size());
  Commit({.type = type,
          .flags = packed.empty() ? uint8_t{0} : BlockHeader::kPacked,
          .raw_size = static_cast<uint32_t>(payload.size()),
          .stored_size = static_cast<uint32_t>(stored.size()),
          .count = count,
          .first = first});
}

BlockReader::BlockReader(const ByteSource& source, const std::string& name)
    : source_(source), name_(name), context_(ZSTD_createDCtx()) {
  EMU_CHECK(context_ != nullptr);
}

BlockReader::~BlockReader() { ZSTD_freeDCtx(context_); }

absl::Status BlockReader::Damaged(absl::string_view what) const {
  return absl::DataLossError(absl::StrCat(name_, ": ", what));
}

absl::Status BlockReader::DamagedAt(uint64_t offset) const {
  return Damaged(absl::StrCat("the recording is damaged at byte ", offset));
}

absl::StatusOr<std::string> BlockReader::Read(uint64_t offset, BlockType type,
                                              BlockHeader* header) const {
  std::string payload;
  absl::Status status = Read(offset, type, header, payload);
  if (!status.ok()) return status;
  return payload;
}

absl::Status BlockReader::Read(uint64_t offset, BlockType type,
                               BlockHeader* header,
                               std::string& payload) const {
  char bytes[kBlockHeaderSize];
  auto n = source_.ReadAt(offset, absl::MakeSpan(bytes));
  if (!n.ok()) return n.status();
  // It may not be what it was when the file was opened.
  if (*n < kBlockHeaderSize || !ParseBlockHeader(bytes, header) ||
      header->type != type) {
    return DamagedAt(offset);
  }
  stored_.resize(header->stored_size);
  n = source_.ReadAt(offset + kBlockHeaderSize, absl::MakeSpan(stored_));
  if (!n.ok()) return n.status();
  if (*n < stored_.size() ||
      Digest(stored_.data(), stored_.size()) != header->checksum) {
    return DamagedAt(offset + kBlockHeaderSize);
  }
  if (!(header->flags & BlockHeader::kPacked)) {
    payload.swap(stored_);
    return absl::OkStatus();
  }
  payload.resize(header->raw_size);
  const size_t unpacked =
      ZSTD_decompressDCtx(context_, payload.data(), payload.size(),
                          stored_.data(), stored_.size());
  if (ZSTD_isError(unpacked) || unpacked != payload.size()) {
    return DamagedAt(offset + kBlockHeaderSize);
  }
  return absl::OkStatus();
}

absl::Status BlockIndex::Scan() {
  const auto size = reader_.source().Size();
  if (!size.ok()) return size.status();
  char bytes[kBlockHeaderSize];
  auto n = reader_.source().ReadAt(0, absl::MakeSpan(bytes, kFileHeaderSize));
  if (!n.ok()) return n.status();
  const absl::Status first = CheckFileHeader({bytes, *n});
  if (!first.ok()) return Damaged(first.message());

  uint64_t offset = kFileHeaderSize;
  while (offset < *size) {
    lost_bytes_ = *size - offset;
    if (lost_bytes_ < kBlockHeaderSize) return absl::OkStatus();
    n = reader_.source().ReadAt(offset, absl::MakeSpan(bytes));
    if (!n.ok()) return n.status();
    if (*n < kBlockHeaderSize) return absl::OkStatus();
    // What a file system leaves of what it did not write in time.
    if (absl::string_view(bytes, sizeof(bytes)).find_first_not_of('\0') ==
        absl::string_view::npos) {
      return absl::OkStatus();
    }
    if (blocks(BlockType::kEnd) != 0) return reader_.DamagedAt(offset);
    BlockHeader header;
    if (!ParseBlockHeader(bytes, &header)) return reader_.DamagedAt(offset);
    if (header.stored_size > lost_bytes_ - kBlockHeaderSize) {
      return absl::OkStatus();
    }
    const absl::Status entered = Enter(offset, header);
    if (!entered.ok()) return entered;
    offset += kBlockHeaderSize + header.stored_size;
    lost_bytes_ = 0;
  }
  return absl::OkStatus();
}

absl::Status BlockIndex::Enter(uint64_t offset, const BlockHeader& header) {
  if (!IsKnown(header.type)) {
    if (header.flags & BlockHeader::kIgnorable) return absl::OkStatus();
    return Damaged(absl::StrCat("the recording holds a block of type ",
                                static_cast<int>(header.type),
                                ", which this emu does not know"));
  }
  BlockTotals& totals = totals_[static_cast<int>(header.type)];
  if (header.first != totals.items) return reader_.DamagedAt(offset);
  entries_[static_cast<int>(header.type)].push_back({offset, header.first});
  totals.blocks += 1;
  totals.items += header.count;
  totals.raw_bytes += header.raw_size;
  totals.stored_bytes += kBlockHeaderSize + header.stored_size;
  return absl::OkStatus();
}

}  // namespace emu

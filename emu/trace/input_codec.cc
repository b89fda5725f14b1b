// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/input_codec.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "arch/page_store.h"
#include "emu/trace/wire.h"

namespace emu {
namespace {

// Longer bytes are cut when they are shown.
constexpr size_t kShownBytes = 64;
// No file is larger; the kernel computes with sizes.
constexpr uint64_t kLargestFile = uint64_t{1} << 60;

bool TakeByte(absl::string_view& from, uint8_t* byte) {
  if (from.empty()) return false;
  *byte = static_cast<uint8_t>(from[0]);
  from.remove_prefix(1);
  return true;
}

template <typename T>
bool TakeNumber(absl::string_view& from, T* value) {
  uint64_t wide = 0;
  if (!TakeVarint(from, &wide)) return false;
  *value = static_cast<T>(wide);
  return *value == wide;
}

std::string Shown(absl::string_view bytes) {
  return absl::StrCat("\"", absl::CHexEscape(bytes.substr(0, kShownBytes)),
                      bytes.size() > kShownBytes ? "\"..." : "\"");
}

// What a question or an answer consists of, in order.
enum Part : char {
  kEnds = 0,
  kNumber = 'n',
  kInteger = 's',  // signed
  kOctal = 'o',
  kText = 't',
  kOutcome = 'e',  // nothing follows an error
  kAnswer = ':',
  kNode = 'N',
  kEntries = 'L',
  kXattrs = 'X',
  kPoint = 'P',
};

const char* LayoutOf(InputKind kind) {
  switch (kind) {
    case InputKind::kNone:
      return "";
    case InputKind::kHostTime:
      return ":s";
    case InputKind::kReadInput:
      return "nn:et";
    case InputKind::kWriteOutput:
      return "nn:en";
    case InputKind::kWindowSize:
      return ":nn";
    case InputKind::kSignal:
      return ":n";
    case InputKind::kTimeOver:
      return ":";
    case InputKind::kPreemption:
      return "P";
    case InputKind::kStat:
      return "nt:eN";
    case InputKind::kList:
      return "nt:eL";
    case InputKind::kReadLink:
      return "nt:et";
    case InputKind::kOpen:
      return "ntn:enN";
    case InputKind::kReadAt:
      return "nnnn:et";
    case InputKind::kStatFile:
      return "nn:eN";
    case InputKind::kMapped:
      return "n:n";
    case InputKind::kXattrs:
      return "nt:X";
    case InputKind::kCanMap:
      return "nnn:";
    case InputKind::kWriteAt:
      return "nnnn:en";
    case InputKind::kTruncate:
      return "nnn:e";
    case InputKind::kSync:
      return "nn:e";
    case InputKind::kCreate:
    case InputKind::kMakeDirectory:
    case InputKind::kMakeNode:
    case InputKind::kSetMode:
      return "nto:e";
    case InputKind::kMakeSymlink:
    case InputKind::kLink:
      return "ntt:e";
    case InputKind::kUnlink:
    case InputKind::kRemoveDirectory:
      return "nt:e";
    case InputKind::kRename:
      return "nttn:e";
    case InputKind::kSetTimes:
      return "ntss:e";
  }
  return "";
}

std::string Describe(const HostNode& node) {
  return absl::StrFormat(" %#o %d bytes, %d links, mtime %d%s", node.mode,
                         node.size, node.nlink, node.mtime,
                         node.owned ? ", owned" : "") +
         (node.keeps_owner
              ? absl::StrCat(", of ", node.uid, ":", node.gid)
              : "");
}

std::string Describe(const std::vector<HostDirEntry>& entries) {
  std::string text = absl::StrCat(" ", entries.size(), " names");
  for (size_t i = 0; i < entries.size() && i < 8; ++i) {
    absl::StrAppend(&text, " ", Shown(entries[i].name));
  }
  return text;
}

std::string Describe(const Preemption& preemption) {
  if (preemption.cause == Preemption::Cause::kEnded) {
    return " by the end of its process";
  }
  const ExecutionPoint& point = preemption.point;
  return absl::StrFormat(
      " at %#x, registers %016x, stack %016x, %d pages %016x", point.ip,
      point.registers, point.stack, point.memory.digests.size(),
      point.memory.all);
}

// Takes one part off `from` and appends it in words. False: not that.
bool DescribePart(char part, absl::string_view& from, std::string* text) {
  uint64_t number = 0;
  int64_t integer = 0;
  absl::string_view bytes;
  HostNode node;
  std::vector<HostDirEntry> entries;
  HostTree::Xattrs xattrs;
  Preemption preemption;
  switch (part) {
    case kNumber:
      if (!TakeVarint(from, &number)) return false;
      absl::StrAppend(text, " ", number);
      return true;
    case kOctal:
      if (!TakeVarint(from, &number)) return false;
      absl::StrAppendFormat(text, " %#o", number);
      return true;
    case kInteger:
      if (!TakeSigned(from, &integer)) return false;
      absl::StrAppend(text, " ", integer);
      return true;
    case kText:
      if (!TakeBytes(from, &bytes)) return false;
      absl::StrAppend(text, " ", Shown(bytes));
      return true;
    case kNode:
      if (!TakeNode(from, &node)) return false;
      absl::StrAppend(text, Describe(node));
      return true;
    case kEntries:
      if (!TakeEntries(from, &entries)) return false;
      absl::StrAppend(text, Describe(entries));
      return true;
    case kXattrs:
      if (!TakeXattrs(from, &xattrs)) return false;
      for (const auto& [name, value] : xattrs) {
        absl::StrAppend(text, " ", name, "=", Shown(value));
      }
      return true;
    case kPoint:
      if (!TakePreemption(from, &preemption)) return false;
      absl::StrAppend(text, Describe(preemption));
      return true;
    default:
      return false;
  }
}

}  // namespace

void AppendSigned(std::string& to, int64_t value) {
  AppendVarint(to, ZigZag(static_cast<uint64_t>(value)));
}

bool TakeSigned(absl::string_view& from, int64_t* value) {
  uint64_t coded = 0;
  if (!TakeVarint(from, &coded)) return false;
  *value = static_cast<int64_t>(UnZigZag(coded));
  return true;
}

bool TakeOutcome(absl::string_view& from, int* error) {
  uint8_t byte = 0;
  if (!TakeByte(from, &byte) || byte > EHWPOISON) return false;
  *error = byte;
  return true;
}

void AppendNode(std::string& to, const HostNode& node) {
  AppendVarint(to, node.mode);
  AppendVarint(to, node.size);
  AppendVarint(to, node.nlink);
  AppendSigned(to, node.mtime);
  AppendVarint(to, (node.inode << 2) | (node.keeps_owner ? 2 : 0) |
                       (node.owned ? 1 : 0));
  if (!node.keeps_owner) return;
  AppendVarint(to, node.uid);
  AppendVarint(to, node.gid);
  AppendVarint(to, node.rdev);
}

bool TakeNode(absl::string_view& from, HostNode* node) {
  uint64_t identity = 0;
  if (!TakeNumber(from, &node->mode) || !TakeNumber(from, &node->size) ||
      !TakeNumber(from, &node->nlink) || !TakeSigned(from, &node->mtime) ||
      !TakeVarint(from, &identity) || node->size > kLargestFile) {
    return false;
  }
  node->owned = (identity & 1) != 0;
  node->keeps_owner = (identity & 2) != 0;
  node->inode = identity >> 2;
  return !node->keeps_owner ||
         (TakeNumber(from, &node->uid) && TakeNumber(from, &node->gid) &&
          TakeNumber(from, &node->rdev));
}

void AppendEntries(std::string& to, const std::vector<HostDirEntry>& entries) {
  AppendVarint(to, entries.size());
  for (const HostDirEntry& entry : entries) {
    AppendVarint(to, entry.type);
    AppendBytes(to, entry.name);
  }
}

bool TakeEntries(absl::string_view& from, std::vector<HostDirEntry>* entries) {
  uint64_t count = 0;
  if (!TakeVarint(from, &count)) return false;
  // Each takes two bytes at least.
  if (count > from.size() / 2) return false;
  entries->reserve(count);
  for (; count > 0; --count) {
    HostDirEntry entry;
    absl::string_view name;
    if (!TakeNumber(from, &entry.type) || !TakeBytes(from, &name) ||
        (entry.type & ~uint32_t{S_IFMT}) != 0 || name.empty() || name == "." || name == ".." ||
        name.find('/') != name.npos || name.find('\0') != name.npos ||
        (!entries->empty() && name <= entries->back().name)) {
      return false;
    }
    entry.name = std::string(name);
    entries->push_back(std::move(entry));
  }
  return true;
}

void AppendXattrs(std::string& to, const HostTree::Xattrs& xattrs) {
  AppendVarint(to, xattrs.size());
  for (const auto& [name, value] : xattrs) {
    AppendBytes(to, name);
    AppendBytes(to, value);
  }
}

bool TakeXattrs(absl::string_view& from, HostTree::Xattrs* xattrs) {
  uint64_t count = 0;
  // Each takes two bytes at least.
  if (!TakeVarint(from, &count) || count > from.size() / 2) return false;
  for (; count > 0; --count) {
    absl::string_view name, value;
    if (!TakeBytes(from, &name) || !TakeBytes(from, &value)) return false;
    xattrs->emplace_back(std::string(name), std::string(value));
  }
  return true;
}

namespace {

void AppendPageDigests(std::string& to, const PageDigests& memory) {
  AppendVarint(to, memory.runs.size());
  GuestAddr end = 0;
  for (const PageRun& run : memory.runs) {
    AppendVarint(to, (run.start - end) / kPageSize);
    AppendVarint(to, run.pages);
    end = run.start + run.pages * kPageSize;
  }
  for (uint16_t digest : memory.digests) AppendFixed(to, digest);
  AppendFixed(to, memory.all);
}

// Takes a run that begins at `*end` or above, and moves `*end` behind it.
bool TakeRun(absl::string_view& from, uint64_t most_pages, GuestAddr* end,
             PageRun* run) {
  constexpr uint64_t kMostPages = ~uint64_t{0} / kPageSize;
  uint64_t gap = 0;
  if (!TakeVarint(from, &gap) || !TakeVarint(from, &run->pages) ||
      run->pages == 0 || run->pages > most_pages) {
    return false;
  }
  const uint64_t above = kMostPages - *end / kPageSize;
  if (run->pages > above || gap > above - run->pages) return false;
  run->start = *end + gap * kPageSize;
  *end = run->start + run->pages * kPageSize;
  return true;
}

bool TakePageDigests(absl::string_view& from, PageDigests* memory) {
  uint64_t runs = 0;
  if (!TakeVarint(from, &runs) || runs > PageDigests::kMost) return false;
  *memory = {};
  GuestAddr end = 0;
  uint64_t pages = 0;
  for (uint64_t i = 0; i < runs; ++i) {
    PageRun run;
    if (!TakeRun(from, PageDigests::kMost - pages, &end, &run)) return false;
    memory->runs.push_back(run);
    pages += run.pages;
  }
  constexpr size_t kSize = sizeof(memory->digests[0]);
  if (from.size() < pages * kSize + sizeof(memory->all)) return false;
  for (uint64_t i = 0; i < pages; ++i, from.remove_prefix(kSize)) {
    memory->digests.push_back(LoadFixed<uint16_t>(from.data()));
  }
  memory->all = LoadFixed<uint64_t>(from.data());
  from.remove_prefix(sizeof(memory->all));
  return true;
}

void AppendHints(std::string& to, const PointHints& hints) {
  AppendBytes(to, hints.code);
  AppendBytes(to, hints.registers);
  AppendVarint(to, hints.words.size());
  for (const MemoryWord& word : hints.words) {
    AppendVarint(to, word.addr);
    AppendFixed(to, word.value);
  }
}

bool TakeHints(absl::string_view& from, PointHints* hints) {
  absl::string_view code, registers;
  uint64_t words = 0;
  *hints = {};
  if (!TakeBytes(from, &code) || code.size() > PointHints::kMostBytes ||
      !TakeBytes(from, &registers) ||
      registers.size() > PointHints::kMostBytes || !TakeVarint(from, &words) ||
      words > PointHints::kMostWords) {
    return false;
  }
  hints->code = std::string(code);
  hints->registers = std::string(registers);
  for (uint64_t i = 0; i < words; ++i) {
    MemoryWord word;
    if (!TakeVarint(from, &word.addr) || from.size() < sizeof(word.value)) {
      return false;
    }
    word.value = LoadFixed<uint64_t>(from.data());
    from.remove_prefix(sizeof(word.value));
    hints->words.push_back(word);
  }
  return true;
}

}  // namespace

void AppendPreemption(std::string& to, const Preemption& preemption) {
  AppendVarint(to, static_cast<uint64_t>(preemption.cause));
  AppendSigned(to, preemption.time);
  AppendVarint(to, preemption.point.ip);
  AppendFixed(to, preemption.point.registers);
  AppendFixed(to, preemption.point.stack);
  AppendPageDigests(to, preemption.point.memory);
  AppendHints(to, preemption.point.hints);
}

bool TakePreemption(absl::string_view& from, Preemption* preemption) {
  uint64_t cause = 0;
  if (!TakeVarint(from, &cause) ||
      cause > static_cast<uint64_t>(Preemption::Cause::kEnded) ||
      !TakeSigned(from, &preemption->time) ||
      !TakeVarint(from, &preemption->point.ip) || from.size() < 16) {
    return false;
  }
  preemption->cause = static_cast<Preemption::Cause>(cause);
  preemption->point.registers = LoadFixed<uint64_t>(from.data());
  preemption->point.stack = LoadFixed<uint64_t>(from.data() + 8);
  from.remove_prefix(16);
  return TakePageDigests(from, &preemption->point.memory) &&
         TakeHints(from, &preemption->point.hints);
}

std::string DescribeInput(InputKind kind, absl::string_view payload) {
  std::string text = InputKindName(kind);
  absl::string_view rest = payload;
  for (const char* part = LayoutOf(kind); *part != kEnds; ++part) {
    if (rest.empty() && *part == kAnswer) return text;  // a question alone
    if (*part == kAnswer) {
      text += ':';
      continue;
    }
    if (*part == kOutcome) {
      int error = 0;
      if (!TakeOutcome(rest, &error)) break;
      if (error == 0) continue;
      const char* name = strerrorname_np(error);
      absl::StrAppend(&text, " ", name != nullptr ? name : "error");
      break;
    }
    if (!DescribePart(*part, rest, &text)) break;
  }
  if (!rest.empty()) absl::StrAppend(&text, " + ", Shown(rest));
  return text;
}

}  // namespace emu

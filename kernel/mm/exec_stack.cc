// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/exec_stack.h"

#include <elf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace emu {
namespace {

// What a stack is large from the start on, beside its contents.
constexpr uint64_t kFirstRoom = 128 << 10;

uint64_t BytesOf(const std::vector<std::string>& strings) {
  uint64_t bytes = 0;
  for (const std::string& s : strings) bytes += s.size() + 1;
  return bytes;
}

void Append(std::string* block, const std::vector<std::string>& strings) {
  for (const std::string& s : strings) block->append(s.c_str(), s.size() + 1);
}

// The pointers to strings that lie one after the other from `at` on, and the
// null behind them.
void AppendPointers(std::vector<uint64_t>* words, GuestAddr at,
                    const std::vector<std::string>& strings) {
  for (const std::string& s : strings) {
    words->push_back(at);
    at += s.size() + 1;
  }
  words->push_back(0);
}

Result<> MapStack(MemoryMap& mm, GuestAddr top, bool executable,
                  uint64_t contents) {
  const uint64_t limit = std::max(PageDown(mm.limits.stack), kPageSize);
  uint64_t size = PageUp(contents) + kFirstRoom;
  size = std::max(std::min(size, limit), PageUp(contents));
  Area area{.start = top - size,
            .end = top,
            .prot = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0),
            .grows_down = true,
            .name = "[stack]"};
  TRY(mm.CheckRoom(area));
  return mm.MapAt(std::move(area));
}

}  // namespace

uint64_t ArgumentRoom(uint64_t stack_limit) {
  constexpr uint64_t kMost = 6 << 20, kLeast = 128 << 10;
  return std::max(std::min(stack_limit / 4, kMost), kLeast);
}

Result<> CheckArguments(const std::vector<std::string>& argv,
                        const std::vector<std::string>& envp,
                        const std::string& name, uint64_t stack_limit) {
  const uint64_t limit = ArgumentRoom(stack_limit);
  const uint64_t pointers =
      (std::max<size_t>(argv.size(), 1) + envp.size()) * sizeof(uint64_t);
  if (pointers >= limit) return Errno(E2BIG);
  for (const auto* strings : {&argv, &envp}) {
    for (const std::string& s : *strings) {
      if (s.size() + 1 > kLongestArgument) return Errno(E2BIG);
    }
  }
  const uint64_t bytes = BytesOf(argv) + BytesOf(envp) + name.size() + 1;
  if (bytes > limit - pointers) return Errno(E2BIG);
  return {};
}

Result<GuestAddr> BuildStack(MemoryMap& mm, GuestAddr top, bool executable,
                             const StackContents& contents) {
  MemoryMap::Layout& layout = mm.layout;
  // From the top: a null word, the name, environment, arguments; then what only
  // the auxiliary vector points to.
  layout.env_end = top - 8 - (contents.name.size() + 1);
  layout.env_start = layout.env_end - BytesOf(contents.envp);
  layout.args_end = layout.env_start;
  layout.args_start = layout.args_end - BytesOf(contents.argv);
  const GuestAddr platform =
      (layout.args_start & ~uint64_t{15}) - (contents.platform.size() + 1);
  const GuestAddr random = platform - contents.random.size();

  auto auxv = contents.auxv;
  auxv.emplace_back(AT_RANDOM, random);
  auxv.emplace_back(AT_EXECFN, layout.env_end);
  auxv.emplace_back(AT_PLATFORM, platform);
  auxv.emplace_back(AT_NULL, 0);
  std::vector<uint64_t> words = {contents.argv.size()};
  AppendPointers(&words, layout.args_start, contents.argv);
  AppendPointers(&words, layout.env_start, contents.envp);
  const size_t auxv_at = words.size();
  for (const auto& [type, value] : auxv) {
    words.push_back(type);
    words.push_back(value);
  }
  layout.auxv.assign(reinterpret_cast<const char*>(words.data() + auxv_at),
                     (words.size() - auxv_at) * sizeof(uint64_t));
  const uint64_t word_bytes = words.size() * sizeof(uint64_t);
  const GuestAddr sp = (random - word_bytes) & ~uint64_t{15};
  layout.stack_start = sp;

  TRY(MapStack(mm, top, executable, top - sp));
  std::string block(reinterpret_cast<const char*>(words.data()), word_bytes);
  block.resize(random - sp);
  block += contents.random;
  block.append(contents.platform.c_str(), contents.platform.size() + 1);
  block.resize(layout.args_start - sp);
  Append(&block, contents.argv);
  Append(&block, contents.envp);
  block.append(contents.name.c_str(), contents.name.size() + 1);
  if (!mm.CopyOut(sp, block.data(), block.size()).ok()) return Errno(ENOMEM);
  return sp;
}

}  // namespace emu

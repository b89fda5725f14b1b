// SPDX-License-Identifier: Apache-2.0

#include <sys/random.h>

#include <algorithm>
#include <climits>

#include "arch/page_store.h"
#include "kernel/kernel.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {

// getrandom(2).
Result<size_t> sys_getrandom(Task& task, UserPtr<char> buf, size_t count,
                             uint32_t flags) {
  constexpr uint32_t kInsecure = 4;  // GRND_INSECURE
  if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | kInsecure)) != 0 ||
      (flags & (GRND_RANDOM | kInsecure)) == (GRND_RANDOM | kInsecure)) {
    return Errno(EINVAL);
  }
  count = std::min<size_t>(count, INT_MAX & ~(kPageSize - 1));
  size_t done = 0;
  char bytes[kPageSize];
  while (done < count) {
    const size_t n = std::min(count - done, sizeof(bytes));
    task.kernel().env().FillRandom(absl::MakeSpan(bytes, n));
    const size_t written =
        task.mm->CopyOutPartial(buf.addr() + done, bytes, n);
    done += written;
    if (written < n) break;
  }
  if (done == 0 && count > 0) return Errno(EFAULT);
  return done;
}

}  // namespace emu

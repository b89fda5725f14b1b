// SPDX-License-Identifier: Apache-2.0
//
// The vDSO in guests' memory: every program is shown emu's own, and with it the
// page by which it reads virtual time without a stop. One of each, owned by the
// kernel's Subsystems.

#ifndef KERNEL_MM_VDSO_H_
#define KERNEL_MM_VDSO_H_

#include <cstdint>
#include <memory>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "arch/vdso.h"

namespace emu {

class Clock;
class Kernel;
class MemoryMap;
class MemoryObject;

class Vdso {
 public:
  explicit Vdso(Kernel& kernel);
  ~Vdso();

  // Bytes that it takes in a map: the data page and the image.
  uint64_t length() const;
  // Maps it at `start` (whole pages) of a new program's map, as Linux names it:
  // [vvar] and [vdso]. Returns the image's address, for AT_SYSINFO_EHDR.
  Result<GuestAddr> Map(MemoryMap& map, GuestAddr start);

  // A guest is about to run, and has run: time goes through the page.
  void Publish(const Clock& clock);
  void Collect(Clock& clock);

 private:
  class Pages;
  // Null when the store had no room: then there is no vDSO.
  VdsoData* data_ = nullptr;
  std::shared_ptr<Pages> data_page_;
  std::shared_ptr<Pages> image_;
};

}  // namespace emu

#endif  // KERNEL_MM_VDSO_H_

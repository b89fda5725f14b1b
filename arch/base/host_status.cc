// SPDX-License-Identifier: Apache-2.0
#include "arch/base/host_status.h"

#include <string.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace emu {
namespace {

constexpr absl::string_view kErrnoPayload = "emu/errno";

}  // namespace

absl::Status HostError(int error, absl::string_view call) {
  const char* text = strerrordesc_np(error);
  absl::Status status(absl::ErrnoToStatusCode(error),
                      text != nullptr
                          ? absl::StrCat(call, ": ", text)
                          : absl::StrCat(call, ": Unknown error ", error));
  status.SetPayload(kErrnoPayload, absl::Cord(absl::StrCat(error)));
  return status;
}

int ErrnoOf(const absl::Status& status) {
  if (status.ok()) return 0;
  const absl::optional<absl::Cord> payload = status.GetPayload(kErrnoPayload);
  int error = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &error)) return 0;
  return error;
}

}  // namespace emu

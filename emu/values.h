// SPDX-License-Identifier: Apache-2.0
//
// What the values of options mean. Each parser takes the whole text or says in
// one sentence what it should have been.

#ifndef EMU_VALUES_H_
#define EMU_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arch/env.h"

namespace emu {

// "4096", "64K", "512M", "4G", "1T"; in steps of 1024.
absl::StatusOr<uint64_t> ParseSize(absl::string_view text);

// "10", "1.5" (seconds), "90s", "2m", "1h30m", "250ms".
absl::StatusOr<Nanos> ParseDuration(absl::string_view text);

// Seconds since 1970 ("1893456000", also behind an @) or a date in UTC
// ("2030-01-01", "2030-01-01T12:00:00", with "Z" or an offset behind it).
absl::StatusOr<Nanos> ParseDate(absl::string_view text);

// A whole number within the bounds.
absl::StatusOr<uint64_t> ParseCount(absl::string_view text, uint64_t least,
                                    uint64_t most);

// -v's HOST:GUEST[:ro|rw].
struct BindOption {
  std::string host;
  std::string guest;
  bool writable = false;
};
absl::StatusOr<BindOption> ParseBind(absl::string_view text);

// --export's GUEST:HOST.
struct ExportOption {
  std::string guest;
  std::string host;
};
absl::StatusOr<ExportOption> ParseExport(absl::string_view text);

// -u's USER[:GROUP], each a number or a name to be looked up in the guest's
// /etc/passwd and /etc/group.
struct UserOption {
  std::string user;
  std::string group;  // empty: the user's own
};
absl::StatusOr<UserOption> ParseUser(absl::string_view text);

// A path in the guest: absolute, without . and .. and double slashes.
absl::StatusOr<std::string> ParseGuestPath(absl::string_view text);

// `text` in quotes, on one line whatever it holds.
std::string Quoted(absl::string_view text);

// A number that is all of `text` and fits 32 bits.
std::optional<uint32_t> ParseId(absl::string_view text);

}  // namespace emu

#endif  // EMU_VALUES_H_

// SPDX-License-Identifier: Apache-2.0

#include "emu/values.h"

#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace emu {
namespace {

absl::Status NotA(absl::string_view text, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(Quoted(text), " is not ", what));
}

bool AllDigits(absl::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789") == absl::string_view::npos;
}

}  // namespace

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

absl::StatusOr<uint64_t> ParseSize(absl::string_view text) {
  constexpr absl::string_view kUnits = "KMGT";
  const absl::Status error =
      NotA(text, "a size in bytes, such as 512M or 4G");
  absl::string_view digits = text;
  int shift = 0;
  if (!digits.empty()) {
    const char last = absl::ascii_toupper(digits.back());
    const size_t unit = kUnits.find(last);
    if (unit != absl::string_view::npos) {
      shift = 10 * (static_cast<int>(unit) + 1);
      digits.remove_suffix(1);
    }
  }
  uint64_t value = 0;
  if (!AllDigits(digits) || !absl::SimpleAtoi(digits, &value)) return error;
  if (value > (uint64_t{1} << 62 >> shift)) return error;
  return value << shift;
}

absl::StatusOr<Nanos> ParseDuration(absl::string_view text) {
  const absl::Status error =
      NotA(text, "a length of time, such as 10 (seconds), 1.5s or 2m");
  absl::Duration duration;
  double seconds = 0;
  const bool plain =
      text.find_first_not_of("0123456789.") == absl::string_view::npos;
  if (plain && absl::SimpleAtod(text, &seconds)) {
    duration = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(text, &duration)) {
    return error;
  }
  if (duration <= absl::ZeroDuration() || duration > absl::Hours(24 * 365)) {
    return error;
  }
  return absl::ToInt64Nanoseconds(duration);
}

absl::StatusOr<Nanos> ParseDate(absl::string_view text) {
  const absl::Status error = NotA(
      text, "a date, such as 2030-01-01, 2030-01-01T12:00:00Z or @1893456000");
  // What 64 bits of nanoseconds hold, with centuries to spare.
  const absl::Time first = absl::UnixEpoch();
  const absl::Time last = absl::FromUnixSeconds(7258118400);  // 2200
  absl::Time time;
  int64_t seconds = 0;
  absl::string_view digits = text;
  absl::ConsumePrefix(&digits, "@");
  if (AllDigits(digits) && absl::SimpleAtoi(digits, &seconds)) {
    if (seconds > absl::ToUnixSeconds(last)) return error;
    time = absl::FromUnixSeconds(seconds);
  } else {
    bool parsed = false;
    for (const char* format :
         {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S",
          "%Y-%m-%dT%H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%E*S%Ez"}) {
      parsed = parsed || absl::ParseTime(format, text, &time, nullptr);
    }
    if (!parsed) return error;
  }
  if (time < first || time > last) return error;
  return absl::ToUnixNanos(time);
}

absl::StatusOr<uint64_t> ParseCount(absl::string_view text, uint64_t least,
                                    uint64_t most) {
  uint64_t value = 0;
  if (AllDigits(text) && absl::SimpleAtoi(text, &value) && value >= least &&
      value <= most) {
    return value;
  }
  return NotA(text, most == std::numeric_limits<uint64_t>::max()
                        ? std::string("a whole number")
                        : absl::StrCat("a whole number from ", least, " to ",
                                       most));
}

absl::StatusOr<BindOption> ParseBind(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  const bool has_mode = parts.size() == 3;
  if (parts.size() < 2 || parts.size() > 3 || parts[0].empty() ||
      (has_mode && parts[2] != "ro" && parts[2] != "rw")) {
    return NotA(text, "HOST:GUEST, HOST:GUEST:ro or HOST:GUEST:rw");
  }
  absl::StatusOr<std::string> guest = ParseGuestPath(parts[1]);
  if (!guest.ok()) return guest.status();
  return BindOption{parts[0], *guest, has_mode && parts[2] == "rw"};
}

absl::StatusOr<ExportOption> ParseExport(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  if (parts.size() != 2 || parts[1].empty()) return NotA(text, "GUEST:HOST");
  absl::StatusOr<std::string> guest = ParseGuestPath(parts[0]);
  if (!guest.ok()) return guest.status();
  return ExportOption{*guest, parts[1]};
}

absl::StatusOr<UserOption> ParseUser(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  if (parts.size() > 2 || parts[0].empty() ||
      (parts.size() == 2 && parts[1].empty())) {
    return NotA(text, "a user, such as 1000, 1000:1000 or root");
  }
  return UserOption{parts[0], parts.size() == 2 ? parts[1] : ""};
}

absl::StatusOr<std::string> ParseGuestPath(absl::string_view text) {
  if (!absl::StartsWith(text, "/")) {
    return NotA(text, "an absolute path in the guest");
  }
  std::vector<absl::string_view> kept;
  for (absl::string_view part : absl::StrSplit(text, '/')) {
    if (part == "..") return NotA(text, "a path without ..");
    if (!part.empty() && part != ".") kept.push_back(part);
  }
  return absl::StrCat("/", absl::StrJoin(kept, "/"));
}

std::optional<uint32_t> ParseId(absl::string_view text) {
  uint32_t id = 0;
  // (uid_t) -1 means "no change" to the calls that take one.
  if (!AllDigits(text) || !absl::SimpleAtoi(text, &id) ||
      id == std::numeric_limits<uint32_t>::max()) {
    return std::nullopt;
  }
  return id;
}

}  // namespace emu

// SPDX-License-Identifier: Apache-2.0

#include "emu/record/recording_options.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "emu/values.h"
#include "nlohmann/json.hpp"

namespace emu {
namespace {

using Json = nlohmann::json;

constexpr const char* kStreamKinds[] = {"closed", "null", "pipe", "terminal"};
// As --mtime spells them, in ImportedTimes' order.
constexpr const char* kImportedTimes[] = {"host", "clamp", "fixed"};
constexpr uint64_t kMostWords = 1 << 20;

// Arguments, names and variables may be any bytes; JSON's strings are UTF-8.
Json ToJson(const std::string& bytes) {
  const Json text = bytes;
  try {
    (void)text.dump();
    return text;
  } catch (const Json::type_error&) {
    return {{"hex", absl::BytesToHexString(bytes)}};
  }
}

Json ToJson(const std::vector<std::string>& list) {
  Json json = Json::array();
  for (const std::string& bytes : list) json.push_back(ToJson(bytes));
  return json;
}

Json ToJson(const GuestUser& user) {
  return {{"uid", user.uid},
          {"gid", user.gid},
          {"name", ToJson(user.name)},
          {"home", ToJson(user.home)},
          {"shell", ToJson(user.shell)},
          {"passwd_line", ToJson(user.passwd_line)},
          {"group_line", ToJson(user.group_line)}};
}

Json BindsToJson(const std::vector<BindOption>& binds) {
  Json json = Json::array();
  for (const BindOption& bind : binds) {
    json.push_back({{"host", ToJson(bind.host)},
                    {"guest", ToJson(bind.guest)},
                    {"writable", bind.writable}});
  }
  return json;
}

Json StreamsToJson(const OutsideFacts& outside) {
  Json json = Json::array();
  for (const Env::StreamKind kind : outside.streams) {
    json.push_back(kStreamKinds[static_cast<int>(kind)]);
  }
  return json;
}

std::string KeyToHex(const RandomStream::Key& key) {
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(key.data()), key.size()));
}

// Takes members out of a JSON object that somebody else may have written. The
// first that is not what it should be is remembered.
class Members {
 public:
  Members(const Json& json, std::string where, absl::Status* status)
      : json_(json), where_(std::move(where)), status_(*status) {}

  Members Object(const char* name) const {
    return Members(At(name), absl::StrCat(where_, name, "."), &status_);
  }
  const Json& Array(const char* name) const {
    const Json& json = At(name);
    if (!json.is_array() || json.size() > kMostWords) Refuse(name);
    return json.is_array() ? json : None();
  }

  void Get(const char* name, bool* value) const {
    const Json& json = At(name);
    if (!json.is_boolean()) return Refuse(name);
    *value = json.get<bool>();
  }
  void Get(const char* name, int64_t* value) const {
    const Json& json = At(name);
    if (!json.is_number_integer()) return Refuse(name);
    *value = json.get<int64_t>();
  }
  // Within [least, most].
  template <typename T>
  void Get(const char* name, uint64_t least, uint64_t most, T* value) const {
    const Json& json = At(name);
    if (!json.is_number_unsigned() || json.get<uint64_t>() < least ||
        json.get<uint64_t>() > most) {
      return Refuse(name);
    }
    *value = static_cast<T>(json.get<uint64_t>());
  }
  void Get(const char* name, std::string* value) const {
    if (!TakeBytes(At(name), value)) Refuse(name);
  }
  void Get(const char* name, std::vector<std::string>* value) const {
    for (const Json& json : Array(name)) {
      value->emplace_back();
      if (!TakeBytes(json, &value->back())) Refuse(name);
    }
  }
  void Refuse(const char* name) const {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(absl::StrCat(
        "its options are not those of a run: ", where_, name));
  }

 private:
  static const Json& None() {
    static const Json& none = *new Json();
    return none;
  }
  const Json& At(const char* name) const {
    const auto found = json_.is_object() ? json_.find(name) : json_.end();
    return found == json_.end() ? None() : *found;
  }
  static bool TakeBytes(const Json& json, std::string* value) {
    if (json.is_string()) {
      *value = json.get<std::string>();
    } else if (json.is_object() && json.contains("hex") &&
               json["hex"].is_string()) {
      const auto hex = json["hex"].get<std::string>();
      if (hex.find_first_not_of("0123456789abcdef") != hex.npos) return false;
      *value = absl::HexStringToBytes(hex);
    } else {
      return false;
    }
    return value->find('\0') == value->npos;
  }

  const Json& json_;
  const std::string where_;
  absl::Status& status_;
};

void Read(const Members& members, GuestUser* user) {
  constexpr uint64_t kMost = ~uint32_t{0};
  members.Get("uid", 0, kMost, &user->uid);
  members.Get("gid", 0, kMost, &user->gid);
  members.Get("name", &user->name);
  members.Get("home", &user->home);
  members.Get("shell", &user->shell);
  members.Get("passwd_line", &user->passwd_line);
  members.Get("group_line", &user->group_line);
}

void ReadKey(const Members& members, RandomStream::Key* key) {
  std::string hex;
  members.Get("key", &hex);
  if (hex.size() != 2 * key->size() ||
      hex.find_first_not_of("0123456789abcdef") != hex.npos) {
    return members.Refuse("key");
  }
  const std::string bytes = absl::HexStringToBytes(hex);
  std::copy(bytes.begin(), bytes.end(), key->begin());
}

void ReadStreams(const Members& members, OutsideFacts* outside) {
  std::vector<std::string> kinds;
  members.Get("streams", &kinds);
  if (kinds.size() != outside->streams.size()) {
    return members.Refuse("streams");
  }
  for (size_t i = 0; i < kinds.size(); ++i) {
    const auto* found =
        std::find(std::begin(kStreamKinds), std::end(kStreamKinds), kinds[i]);
    if (found == std::end(kStreamKinds)) return members.Refuse("streams");
    outside->streams[i] =
        static_cast<Env::StreamKind>(found - std::begin(kStreamKinds));
  }
}

void ReadTimes(const Members& members, const char* name,
               ImportedTimes* times) {
  std::string word;
  members.Get(name, &word);
  const auto* found = std::find(std::begin(kImportedTimes),
                                std::end(kImportedTimes), word);
  if (found == std::end(kImportedTimes)) return members.Refuse(name);
  *times = static_cast<ImportedTimes>(found - std::begin(kImportedTimes));
}

void ReadBinds(const Members& members, std::vector<BindOption>* binds,
               absl::Status* status) {
  for (const Json& json : members.Array("binds")) {
    const Members bind(json, "binds[].", status);
    binds->emplace_back();
    bind.Get("host", &binds->back().host);
    bind.Get("guest", &binds->back().guest);
    bind.Get("writable", &binds->back().writable);
    if (!ParseGuestPath(binds->back().guest).ok()) bind.Refuse("guest");
  }
}

void ReadSetup(const Members& all, GuestSetup* setup, absl::Status* status) {
  const Members program = all.Object("program");
  program.Get("path", &setup->program.path);
  program.Get("argv", &setup->program.argv);
  program.Get("env", &setup->program.env);
  program.Get("cwd", &setup->program.cwd);
  if (setup->program.argv.empty()) program.Refuse("argv");
  Read(all.Object("user"), &setup->user);
  setup->program.creds = CredentialsOf(setup->user);
  const Members machine = all.Object("machine");
  machine.Get("hostname", &setup->kernel.hostname);
  if (setup->kernel.hostname.empty() || setup->kernel.hostname.size() > 64) {
    machine.Refuse("hostname");
  }
  machine.Get("cpus", 1, 64, &setup->kernel.cpus);
  machine.Get("memory", 1 << 20, ~uint64_t{0}, &setup->kernel.memory);
  machine.Get("pids_limit", 1, 32768, &setup->kernel.pids_limit);
  all.Object("time").Get("host", &setup->kernel.host_time);
  const Members files = all.Object("files");
  files.Get("host_root", &setup->is_host_root);
  ReadTimes(files, "root_times", &setup->root_times);
  ReadTimes(files, "bind_times", &setup->bind_times);
  files.Get("tmpfs", &setup->tmpfs);
  for (const std::string& path : setup->tmpfs) {
    if (!ParseGuestPath(path).ok()) files.Refuse("tmpfs");
  }
  ReadBinds(files, &setup->binds, status);
}

}  // namespace

std::string ToJson(const RecordingOptions& options) {
  const GuestSetup& setup = options.setup;
  const Json json = {
      {"emu", options.version},
      {"program",
       {{"path", ToJson(setup.program.path)},
        {"argv", ToJson(setup.program.argv)},
        {"env", ToJson(setup.program.env)},
        {"cwd", ToJson(setup.program.cwd)}}},
      {"user", ToJson(setup.user)},
      {"machine",
       {{"hostname", ToJson(setup.kernel.hostname)},
        {"cpus", static_cast<uint64_t>(setup.kernel.cpus)},
        {"memory", setup.kernel.memory},
        {"pids_limit", setup.kernel.pids_limit}}},
      {"time",
       {{"host", setup.kernel.host_time},
        {"boot", options.outside.boot_time}}},
      {"random",
       {{"key", KeyToHex(options.outside.key)},
        {"schedule", options.outside.random_schedule}}},
      {"streams", StreamsToJson(options.outside)},
      {"files",
       {{"root", ToJson(options.root)},
        {"host_root", setup.is_host_root},
        {"root_times", kImportedTimes[static_cast<int>(setup.root_times)]},
        {"bind_times", kImportedTimes[static_cast<int>(setup.bind_times)]},
        {"tmpfs", ToJson(setup.tmpfs)},
        {"binds", BindsToJson(setup.binds)}}},
      {"cpu_features", ToJson(options.cpu_features)},
      {"processor",
       {{"model", options.processor.model}, {"cpu", options.processor.cpu}}}};
  return json.dump(1);
}

absl::StatusOr<RecordingOptions> RecordingOptionsFromJson(
    const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  absl::Status status;
  const Members all(json, "", &status);
  RecordingOptions options;
  all.Get("emu", &options.version);
  all.Object("files").Get("root", &options.root);
  ReadSetup(all, &options.setup, &status);
  all.Object("time").Get("boot", &options.outside.boot_time);
  const Members random = all.Object("random");
  ReadKey(random, &options.outside.key);
  random.Get("schedule", &options.outside.random_schedule);
  ReadStreams(all, &options.outside);
  all.Get("cpu_features", &options.cpu_features);
  const Members processor = all.Object("processor");
  processor.Get("model", 0, ~uint64_t{0}, &options.processor.model);
  processor.Get("cpu", 0, Processor::kMostCpus - 1, &options.processor.cpu);
  if (!status.ok()) return status;
  return options;
}

}  // namespace emu

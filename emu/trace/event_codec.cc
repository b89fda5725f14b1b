// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/event_codec.h"

#include <algorithm>
#include <limits>

#include "emu/trace/block.h"
#include "emu/trace/wire.h"

namespace emu {
namespace {

// The kind of a record that is an enter and its exit.
constexpr uint8_t kCall = 15;

// Bits of kMissed; those of kMissedArgs are 1 << argument.
constexpr uint8_t kMissedTid = 1;
constexpr uint8_t kMissedTime = 2;
constexpr uint8_t kMissedNumber = 4;
constexpr uint8_t kMissedResult = 8;
constexpr uint8_t kMissedDigest = 16;
constexpr uint8_t kMissedExitTime = 32;
constexpr uint8_t kMissedExitDigest = 64;

// A block is full with this many records or bytes.
constexpr size_t kRecordsInBlock = 16384;
constexpr size_t kBytesInBlock = kLargestBlock / 2;
static_assert(kRecordsInBlock * 2 < kMostEventsInBlock);

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15;
  return hash ^ (hash >> 29);
}

}  // namespace

// What is expected next. Encoder and decoder tell it the same events and so
// expect the same.
class EventModel {
 public:
  // What the last event like this was like.
  struct Like {
    uint32_t block = 0;
    std::array<uint64_t, 6> args = {};
    int64_t result = 0;
    int64_t step = 0;       // from the event before
    int64_t exit_step = 0;  // from its enter
  };
  struct Thread {
    uint32_t block = 0;
    uint64_t history = 0;  // of its calls' numbers
    uint64_t number = 0;   // of the call that it is in
    std::array<uint64_t, 6> args = {};
  };

  void StartBlock() {
    ++block_;
    tid = 0;
    time = 0;
  }

  Thread& ThreadOf(int32_t id) {
    return Fresh(threads_[static_cast<uint32_t>(id) % kThreads]);
  }
  Like& LikeOf(uint8_t kind, uint64_t number) {
    return Fresh(likes_[(Mix(kind, number) >> 32) % kLikes]);
  }
  // The number that followed so far.
  uint64_t& NumberAfter(uint8_t kind, const Thread& thread) {
    return Fresh(numbers_[(Mix(thread.history, kind) >> 32) % kNumbers]).value;
  }
  // The digest that there was when `hash` was the same.
  uint64_t& DigestOf(uint64_t hash) {
    return Fresh(digests_[(hash >> 32) % kDigests]).value;
  }

  int32_t tid = 0;   // of the last event
  int64_t time = 0;  // likewise

 private:
  static constexpr size_t kThreads = 256;
  static constexpr size_t kLikes = 1024;
  static constexpr size_t kNumbers = 4096;
  static constexpr size_t kDigests = 4096;

  struct Value {
    uint32_t block = 0;
    uint64_t value = 0;
  };

  // `entry` as it is at the start of a block, if it was not used since.
  template <typename T>
  T& Fresh(T& entry) {
    if (entry.block != block_) {
      entry = T();
      entry.block = block_;
    }
    return entry;
  }

  uint32_t block_ = 0;
  std::array<Thread, kThreads> threads_;
  std::array<Like, kLikes> likes_;
  std::array<Value, kNumbers> numbers_;
  std::array<Value, kDigests> digests_;
};

// Appends what was not expected to the columns.
class ColumnWriter {
 public:
  ColumnWriter(EventEncoder& encoder, uint8_t kind) : encoder_(encoder) {
    Put(EventColumn::kKind, kind);
  }
  void Finish() {
    Put(EventColumn::kMissed, missed_);
    Put(EventColumn::kMissedArgs, missed_args_);
  }

  void Number(EventColumn column, uint8_t bit, uint64_t expected,
              uint64_t& value) {
    if (value == expected) return;
    missed_ |= bit;
    Varint(column, value);
  }
  template <typename T>
  void Difference(EventColumn column, uint8_t bit, T expected, T& value) {
    if (value == expected) return;
    missed_ |= bit;
    Varint(column, ZigZag(static_cast<uint64_t>(value) -
                          static_cast<uint64_t>(expected)));
  }
  void Argument(int i, uint64_t expected, uint64_t& value) {
    if (value == expected) return;
    missed_args_ |= 1 << i;
    Varint(static_cast<EventColumn>(static_cast<int>(EventColumn::kArg0) + i),
           ZigZag(value - expected));
  }
  void Digest(EventColumn column, uint8_t bit, uint64_t expected,
              uint32_t& value) {
    if (value == static_cast<uint32_t>(expected)) return;
    missed_ |= bit;
    EventEncoder::Column& to = At(column);
    std::memcpy(&to.bytes[to.used], &value, sizeof(value));
    to.used += sizeof(value);
  }

 private:
  EventEncoder::Column& At(EventColumn column) {
    return encoder_.columns_[static_cast<int>(column)];
  }
  void Put(EventColumn column, uint8_t byte) {
    EventEncoder::Column& to = At(column);
    to.bytes[to.used++] = static_cast<char>(byte);
  }
  void Varint(EventColumn column, uint64_t value) {
    EventEncoder::Column& to = At(column);
    char* const at = &to.bytes[to.used];
    to.used += StoreVarint(at, value) - at;
  }

  EventEncoder& encoder_;
  uint8_t missed_ = 0;
  uint8_t missed_args_ = 0;
};

// Takes what was not expected from the columns.
class ColumnReader {
 public:
  explicit ColumnReader(EventDecoder& decoder)
      : decoder_(decoder),
        kind_(Get(EventColumn::kKind)),
        missed_(Get(EventColumn::kMissed)),
        missed_args_(Get(EventColumn::kMissedArgs)) {}
  bool ok() const { return ok_; }
  uint8_t kind() const { return kind_; }

  void Number(EventColumn column, uint8_t bit, uint64_t expected,
              uint64_t& value) {
    value = missed_ & bit ? Varint(column) : expected;
  }
  template <typename T>
  void Difference(EventColumn column, uint8_t bit, T expected, T& value) {
    value = expected;
    if (!(missed_ & bit)) return;
    value = static_cast<T>(static_cast<uint64_t>(expected) +
                           UnZigZag(Varint(column)));
  }
  void Argument(int i, uint64_t expected, uint64_t& value) {
    value = expected;
    if (!(missed_args_ & (1 << i))) return;
    value += UnZigZag(Varint(
        static_cast<EventColumn>(static_cast<int>(EventColumn::kArg0) + i)));
  }
  void Digest(EventColumn column, uint8_t bit, uint64_t expected,
              uint32_t& value) {
    value = static_cast<uint32_t>(expected);
    if (!(missed_ & bit)) return;
    EventDecoder::Column& from = At(column);
    if (from.end - from.at < 4) {
      ok_ = false;
      return;
    }
    value = LoadFixed<uint32_t>(from.at);
    from.at += 4;
  }

 private:
  EventDecoder::Column& At(EventColumn column) {
    return decoder_.columns_[static_cast<int>(column)];
  }
  uint8_t Get(EventColumn column) {
    EventDecoder::Column& from = At(column);
    if (from.at != from.end) return static_cast<uint8_t>(*from.at++);
    ok_ = false;
    return 0;
  }
  uint64_t Varint(EventColumn column) {
    EventDecoder::Column& from = At(column);
    uint64_t value = 0;
    if (!TakeVarint(&from.at, from.end, &value)) ok_ = false;
    return value;
  }

  EventDecoder& decoder_;
  bool ok_ = true;
  const uint8_t kind_;
  const uint8_t missed_;
  const uint8_t missed_args_;
};

namespace {

// Codes one record by `io`: writes `event`, and for kCall `exit`, or fills them
// in.
template <typename Io>
void CodeRecord(EventModel& model, Io& io, uint8_t kind, TraceEvent& event,
                TraceEvent& exit) {
  io.Difference(EventColumn::kTid, kMissedTid, model.tid, event.tid);
  EventModel::Thread& thread = model.ThreadOf(event.tid);

  // An exit is that of the call that its thread is in.
  const bool is_exit = kind == static_cast<uint8_t>(EventKind::kExit);
  uint64_t& after = model.NumberAfter(kind, thread);
  io.Number(EventColumn::kNumber, kMissedNumber,
            is_exit ? thread.number : after, event.number);
  after = event.number;

  EventModel::Like& like = model.LikeOf(kind, event.number);
  io.Difference(EventColumn::kTime, kMissedTime,
                static_cast<int64_t>(static_cast<uint64_t>(model.time) +
                                     static_cast<uint64_t>(like.step)),
                event.time);
  like.step = static_cast<int64_t>(static_cast<uint64_t>(event.time) -
                                   static_cast<uint64_t>(model.time));

  uint64_t hash = Mix(kind, event.number);
  for (int i = 0; i < 6; ++i) {
    io.Argument(i, is_exit ? thread.args[i] : like.args[i], event.args[i]);
    hash = Mix(hash, event.args[i]);
  }
  like.args = event.args;

  TraceEvent& answered = kind == kCall ? exit : event;
  io.Difference(EventColumn::kResult, kMissedResult, like.result,
                answered.result);
  like.result = answered.result;

  uint64_t& digest = model.DigestOf(hash);
  io.Digest(EventColumn::kDigest, kMissedDigest, digest, event.digest);
  digest = event.digest;

  model.tid = event.tid;
  model.time = event.time;
  if (kind == kCall) {
    io.Difference(EventColumn::kExitTime, kMissedExitTime,
                  static_cast<int64_t>(static_cast<uint64_t>(event.time) +
                                       static_cast<uint64_t>(like.exit_step)),
                  exit.time);
    like.exit_step = static_cast<int64_t>(static_cast<uint64_t>(exit.time) -
                                          static_cast<uint64_t>(event.time));
    hash = Mix(Mix(hash, event.digest), exit.result);
    uint64_t& after_digest = model.DigestOf(hash);
    io.Digest(EventColumn::kExitDigest, kMissedExitDigest, after_digest,
              exit.digest);
    after_digest = exit.digest;
    model.time = exit.time;
  }
  if (kind == kCall || kind == static_cast<uint8_t>(EventKind::kEnter)) {
    thread.history = Mix(thread.history << 20, event.number);
    thread.number = event.number;
    thread.args = event.args;
  }
}

bool IsCall(const TraceEvent& enter, const TraceEvent& exit) {
  return exit.kind == EventKind::kExit && exit.tid == enter.tid &&
         exit.number == enter.number && exit.args == enter.args &&
         enter.result == 0;
}

}  // namespace

EventEncoder::EventEncoder() : model_(std::make_unique<EventModel>()) {
  model_->StartBlock();
}

EventEncoder::~EventEncoder() = default;

bool EventEncoder::full() const {
  return records_ >= kRecordsInBlock || bytes_ >= kBytesInBlock;
}

void EventEncoder::Add(const TraceEvent& event) {
  ++count_;
  if (enter_) {
    const TraceEvent enter = *enter_;
    enter_.reset();
    if (IsCall(enter, event)) return Encode(enter, &event);
    Encode(enter, nullptr);
  }
  if (event.kind == EventKind::kEnter) {
    enter_ = event;
  } else {
    Encode(event, nullptr);
  }
}

void EventEncoder::Encode(const TraceEvent& event, const TraceEvent* exit) {
  bytes_ = 0;
  for (Column& column : columns_) {
    bytes_ += column.used;
    if (column.bytes.size() - column.used < kLongestVarint) {
      column.bytes.resize(std::max<size_t>(1024, column.bytes.size() * 2));
    }
  }
  const uint8_t kind =
      exit != nullptr ? kCall : static_cast<uint8_t>(event.kind);
  ColumnWriter writer(*this, kind);
  TraceEvent written = event;
  TraceEvent answered = exit != nullptr ? *exit : TraceEvent();
  CodeRecord(*model_, writer, kind, written, answered);
  writer.Finish();
  ++records_;
}

std::vector<absl::string_view> EventEncoder::Take() {
  if (enter_) Encode(*enter_, nullptr);
  enter_.reset();
  sizes_.clear();
  std::vector<absl::string_view> parts(1);
  for (Column& column : columns_) {
    AppendVarint(sizes_, column.used);
    parts.emplace_back(column.bytes.data(), column.used);
    column.used = 0;
  }
  parts[0] = sizes_;
  records_ = 0;
  bytes_ = 0;
  count_ = 0;
  model_->StartBlock();
  return parts;
}

EventDecoder::EventDecoder() : model_(std::make_unique<EventModel>()) {}

EventDecoder::~EventDecoder() = default;

bool EventDecoder::Start(std::string payload, uint32_t count) {
  payload_ = std::move(payload);
  exit_.reset();
  left_ = 0;
  absl::string_view rest = payload_;
  std::array<uint64_t, kEventColumns> sizes;
  for (uint64_t& size : sizes) {
    if (!TakeVarint(rest, &size)) return false;
  }
  for (int i = 0; i < kEventColumns; ++i) {
    if (sizes[i] > rest.size()) return false;
    columns_[i] = {rest.data(), rest.data() + sizes[i]};
    rest.remove_prefix(sizes[i]);
  }
  if (!rest.empty() || count == 0 || count > kMostEventsInBlock) return false;
  left_ = count;
  model_->StartBlock();
  return true;
}

bool EventDecoder::Next(TraceEvent* event) {
  if (exit_) {
    *event = *exit_;
    exit_.reset();
  } else if (!Decode(event)) {
    return false;
  }
  --left_;
  if (left_ > 0) return true;
  // Nothing may be left over.
  return !exit_ && std::all_of(columns_.begin(), columns_.end(),
                               [](const Column& c) { return c.at == c.end; });
}

bool EventDecoder::Decode(TraceEvent* event) {
  ColumnReader reader(*this);
  const uint8_t kind = reader.kind();
  if (!reader.ok() || (kind >= kEventKinds && kind != kCall)) return false;
  TraceEvent exit;
  *event = TraceEvent();
  CodeRecord(*model_, reader, kind, *event, exit);
  if (!reader.ok()) return false;
  event->kind =
      kind == kCall ? EventKind::kEnter : static_cast<EventKind>(kind);
  if (kind != kCall) return true;
  exit.kind = EventKind::kExit;
  exit.tid = event->tid;
  exit.number = event->number;
  exit.args = event->args;
  exit_ = exit;
  return true;
}

}  // namespace emu

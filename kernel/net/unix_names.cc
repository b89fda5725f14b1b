// SPDX-License-Identifier: Apache-2.0

#include <sys/socket.h>

#include <algorithm>
#include <set>

#include "absl/strings/str_format.h"
#include "kernel/net/unix.h"

namespace emu {
namespace {
constexpr uint32_t kAutomaticNames = 1 << 20;
// So many sockets in flight are looked through whenever one is closed.
constexpr size_t kFewInFlight = 64;

// The AF_UNIX socket that `file` is; null for other files.
UnixSocket* AsUnix(FileDescription& file) {
  Socket* socket = FileAs<Socket>(file);
  if (socket == nullptr || socket->domain() != AF_UNIX) return nullptr;
  return static_cast<UnixSocket*>(socket);
}

}  // namespace

UnixSocket* UnixNames::Find(int type, const std::string& name) const {
  const auto it = abstract_.find({type, name});
  return it == abstract_.end() ? nullptr : it->second;
}

bool UnixNames::Add(int type, const std::string& name, UnixSocket& socket) {
  return abstract_.emplace(std::pair(type, name), &socket).second;
}

void UnixNames::Remove(int type, const std::string& name) {
  abstract_.erase({type, name});
}

std::string UnixNames::NextAutomatic(int type) {
  std::string name;
  do {
    next_automatic_ = (next_automatic_ + 1) % kAutomaticNames;
    name = '\0' + absl::StrFormat("%05x", next_automatic_);
  } while (Find(type, name) != nullptr);
  return name;
}

UnixSocket::Rights::Rights(UnixNames& names, std::vector<FileRef> files)
    : names_(names), files_(std::move(files)) {
  for (const FileRef& file : files_) names_.AddInFlight(*file);
}

UnixSocket::Rights::~Rights() { names_.Land(std::move(files_)); }

// A socket's queue may hold a socket whose queue holds a socket, and so on, as
// deep as a guest likes.
void UnixNames::Land(std::vector<FileRef> files) {
  for (FileRef& file : files) {
    RemoveInFlight(*file);
    landed_.push_back(std::move(file));
  }
  if (landing_) return;
  landing_ = true;
  while (!landed_.empty()) {
    const FileRef last = std::move(landed_.back());
    landed_.pop_back();
  }
  landing_ = false;
}

void UnixNames::AddInFlight(FileDescription& file) {
  ++in_flight_;
  if (UnixSocket* socket = AsUnix(file)) {
    Flying& flying = sockets_[socket];
    if (flying.count++ == 0) flying.sequence = next_sequence_++;
  }
}

void UnixNames::RemoveInFlight(FileDescription& file) {
  --in_flight_;
  if (UnixSocket* socket = AsUnix(file)) {
    const auto it = sockets_.find(socket);
    if (--it->second.count == 0) sockets_.erase(it);
  }
}

// Sockets in flight that nothing but flights refers to are kept only if they
// can be received through a socket that is kept.
std::vector<UnixSocket*> UnixNames::UnreachableSockets() {
  std::set<UnixSocket*> kept;
  std::vector<UnixSocket*> to_visit;
  const auto keep = [&](UnixSocket* socket) {
    if (kept.insert(socket).second) to_visit.push_back(socket);
  };
  for (const auto& [socket, flying] : sockets_) {
    if (socket->weak_from_this().use_count() > flying.count) keep(socket);
  }
  // Queues of sockets that are not in flight keep what is in them: count what
  // only the queues of sockets in flight hold.
  std::map<UnixSocket*, int> held_by_flying;
  const auto for_each_sent = [](UnixSocket* socket, auto&& visit) {
    const auto in_queue = [&](UnixSocket& holder) {
      for (const UnixSocket::Packet& packet : holder.queue_) {
        if (packet.rights == nullptr) continue;
        for (const FileRef& file : packet.rights->files()) {
          if (UnixSocket* sent = AsUnix(*file)) visit(sent);
        }
      }
    };
    in_queue(*socket);
    for (const auto& waiting : socket->to_accept_) in_queue(*waiting);
  };
  for (const auto& [socket, flying] : sockets_) {
    for_each_sent(socket, [&](UnixSocket* sent) { ++held_by_flying[sent]; });
  }
  for (const auto& [socket, flying] : sockets_) {
    if (held_by_flying[socket] < flying.count) keep(socket);
  }
  while (!to_visit.empty()) {
    UnixSocket* socket = to_visit.back();
    to_visit.pop_back();
    for_each_sent(socket, keep);
  }
  std::vector<std::pair<uint64_t, UnixSocket*>> found;
  for (const auto& [socket, flying] : sockets_) {
    if (!kept.contains(socket)) found.emplace_back(flying.sequence, socket);
  }
  std::sort(found.begin(), found.end());
  std::vector<UnixSocket*> unreachable;
  for (const auto& [sequence, socket] : found) unreachable.push_back(socket);
  return unreachable;
}

void UnixNames::CollectGarbage() {
  if (collecting_ || sockets_.empty()) return;
  if (sockets_.size() > kFewInFlight && sockets_.size() < collect_at_) return;
  collecting_ = true;
  std::vector<FileRef> held;  // until every queue is empty
  for (UnixSocket* socket : UnreachableSockets()) {
    held.push_back(socket->shared_from_this());
    for (UnixSocket::Packet& packet : socket->queue_) {
      if (packet.rights == nullptr) continue;
      const auto& files = packet.rights->files();
      held.insert(held.end(), files.begin(), files.end());
      packet.rights.reset();
    }
    socket->queue_.clear();
    socket->to_accept_.clear();
  }
  held.clear();
  collecting_ = false;
  collect_at_ = sockets_.size() * 2;
}

}  // namespace emu

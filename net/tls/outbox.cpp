#include "net/tls/outbox.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace headrace::net::tls {

void Outbox::begin(std::span<std::byte> room) {
  room_ = room;
  used_ = 0;
  if (!waiting()) return;
  const std::size_t moved = std::min(room.size(), waiting_.size() - sent_);
  std::memcpy(room.data(), waiting_.data() + sent_, moved);
  sent_ += moved;
  used_ = moved;
  if (!waiting()) {
    std::vector<std::byte>().swap(waiting_);
    sent_ = 0;
  }
}

std::size_t Outbox::end() {
  room_ = {};
  return std::exchange(used_, 0);
}

void Outbox::append(std::span<const std::byte> bytes) {
  const std::span<std::byte> room = free_room();
  const std::size_t fits = std::min(room.size(), bytes.size());
  if (fits > 0) {
    std::memcpy(room.data(), bytes.data(), fits);
    used_ += fits;
  }
  const auto rest = bytes.subspan(fits);
  waiting_.insert(waiting_.end(), rest.begin(), rest.end());
}

}  // namespace headrace::net::tls

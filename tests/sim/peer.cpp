#include <algorithm>

#include "tests/sim/sim_socket.h"
#include "tests/sim/world.h"

namespace headrace::sim {

void Peer::say(std::string_view bytes, bool whole) {
  if (layer_ != nullptr) {
    layer_->say(bytes, whole);
  } else {
    send(bytes, whole);
  }
}

void Peer::finish() {
  if (layer_ != nullptr) {
    layer_->finish();
  } else {
    send_end();
  }
}

void Peer::hear(std::string_view bytes) {
  if (layer_ != nullptr) {
    layer_->hear(bytes);
  } else if (on_bytes) {
    on_bytes(bytes);
  }
}

void Peer::send(std::string_view bytes, bool whole) {
  if (was_reset_ || finished_ || finish_after_ || bytes.empty()) return;
  World& world = World::current();
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::size_t piece = bytes.size() - at;
    if (!whole && piece > 1 && world.strikes(Fault::split_write)) {
      piece = 1 + static_cast<std::size_t>(world.random().below(std::min<std::size_t>(piece, 512)));
    }
    outbox_.emplace_back(bytes.substr(at, piece));
    at += piece;
  }
  deliver_next();
}

void Peer::send_end() {
  if (was_reset_ || finish_after_) return;
  finish_after_ = true;
  deliver_next();
}

void Peer::reset() {
  if (was_reset_) return;
  was_reset_ = true;
  outbox_.clear();
  if (const auto gateway = socket.lock()) {
    gateway->reset_arrived = true;
    gateway->arrived.clear();
    gateway->changed();
  }
}

void Peer::deliver_next() {
  if (delivering_ || was_reset_ || finished_) return;
  if (outbox_.empty() && !finish_after_) return;
  delivering_ = true;
  World& world = World::current();
  world.after(world.some_delay(), [self = shared_from_this()] {
    self->delivering_ = false;
    const auto gateway = self->socket.lock();
    if (self->was_reset_ || gateway == nullptr) return;
    if (!self->outbox_.empty()) {
      gateway->arrived += self->outbox_.front();
      self->outbox_.pop_front();
    } else if (self->finish_after_) {
      self->finished_ = true;
      gateway->end_arrived = true;
    }
    gateway->changed();
    self->deliver_next();
  });
}

std::size_t Peer::window() const {
  return inbox_.size() >= kWindowBytes ? 0 : kWindowBytes - inbox_.size();
}

void Peer::take(std::string_view bytes) {
  inbox_ += bytes;
  read_some();
}

void Peer::read_slowly(std::size_t bytes, std::int64_t pause_us) {
  slow_bytes_ = bytes;
  slow_pause_us_ = pause_us;
}

void Peer::read_some() {
  if (reading_) return;
  reading_ = true;
  World& world = World::current();
  const core::Duration pause =
      slow_bytes_ == 0 ? world.some_delay() : std::chrono::microseconds(slow_pause_us_);
  world.after(pause, [self = shared_from_this()] {
    self->reading_ = false;
    if (self->was_reset_) return;
    std::size_t bytes = self->inbox_.size();
    if (self->slow_bytes_ != 0) bytes = std::min(bytes, self->slow_bytes_);
    if (bytes > 0) {
      const std::string read = self->inbox_.substr(0, bytes);
      self->inbox_.erase(0, bytes);
      self->hear(read);
    }
    if (const auto gateway = self->socket.lock()) gateway->changed();
    if (!self->inbox_.empty()) {
      self->read_some();
    } else if (self->end_pending_ && !self->end_told_) {
      self->end_told_ = true;
      if (self->on_end) self->on_end();
    }
  });
}

void Peer::gateway_ended() {
  end_pending_ = true;
  read_some();
}

void Peer::gateway_closed() {
  gateway_gone_ = true;
  const auto gateway = socket.lock();
  // As TCP does it: closing with bytes unread resets, and what was sent may be lost with it.
  const bool unread = gateway != nullptr && !gateway->arrived.empty();
  const bool on_purpose = gateway != nullptr && gateway->resets_on_close;
  if (unread || on_purpose || !outbox_.empty()) {
    was_reset_ = true;
    outbox_.clear();
    if (on_reset) {
      World::current().after(World::current().some_delay(), [self = shared_from_this()] {
        if (self->on_reset) self->on_reset();
      });
    }
    return;
  }
  gateway_ended();
}

}  // namespace headrace::sim

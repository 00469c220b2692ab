// How a request waits for a target that has no room (exchange_queue.cpp).
//
// Threads: one shard.  Lifetime: an exchange's.
#pragma once

#include "core/clock.h"

namespace headrace::net {

struct QueueSeat;

struct QueueWait {
  QueueSeat* seat = nullptr;  // null: it does not wait
  core::Instant begun_at{};   // while it waits
  core::Duration so_far{};    // that it waited before
};

}  // namespace headrace::net

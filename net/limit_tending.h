// What a shard does for its limits between requests: shares that nobody asks for go back in time,
// the clock that days and months go by is watched, and damage is told.
//
// Threads:  one shard.
// Lifetime: a shard's; end() before its timers go.
#pragma once

#include <cstdint>

#include "net/edge/deadline.h"

namespace headrace::net {

struct ShardContext;

class LimitTending {
 public:
  explicit LimitTending(ShardContext& context);

  void on_start();
  void on_turn();
  void on_second();
  // Its shares go back, and nothing is due any more.
  void end();

 private:
  void on_due();
  void observe_clock();
  void look_at_clock();

  ShardContext* context_;
  Deadline due_;  // when a share of limits is to be given back
  std::uint64_t closed_told_ = 0;
  bool clock_step_told_ = false;
};

}  // namespace headrace::net

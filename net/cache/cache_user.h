// Who asks the cache for an answer: the exchange, as ShardCache sees it.
#pragma once

#include "core/cache/cache_hold.h"

namespace headrace::net {

class CacheUser {
 public:
  // The answer that it waited for.
  virtual void on_cache_answer(core::CacheHold answer) = 0;
  // It fetches the answer: for others too (`leads`), or for itself.
  virtual void on_cache_turn(bool leads) = 0;
  // Its client has left, and nobody else waits for what it fetches.
  virtual void on_cache_unwanted() = 0;

 protected:
  ~CacheUser() = default;
};

}  // namespace headrace::net

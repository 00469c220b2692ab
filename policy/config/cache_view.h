// What an opened config base says about the cache (cache_layout.h).
//
// Threads, lifetime: as ConfigView, of which it is a part. Invariants: judged by BaseJudge.
#pragma once

#include <cstdint>
#include <span>

#include "policy/config/cache_layout.h"

namespace headrace::policy::config {

class CacheView {
 public:
  [[nodiscard]] const CacheSettings& settings() const { return *settings_; }
  // By the route's number.
  [[nodiscard]] const RouteCache& route(std::uint32_t route) const { return routes_[route]; }
  // Some route keeps answers.
  [[nodiscard]] bool any() const { return any_; }

 private:
  friend class BaseJudge;

  const CacheSettings* settings_ = nullptr;
  std::span<const RouteCache> routes_;
  bool any_ = false;
};

}  // namespace headrace::policy::config

// The cache's part of a config between text and base (config_model.h).
//
// Threads: owned by one compile() or effective_yaml() call.
#pragma once

#include "policy/config/cache_layout.h"
#include "policy/config/model_values.h"

namespace headrace::policy::config {

struct CacheModel : Record {
  CacheSettings row{};
};
struct RouteCacheModel : Record {
  RouteCache row{};  // but the identity, which follows from the route
};

}  // namespace headrace::policy::config

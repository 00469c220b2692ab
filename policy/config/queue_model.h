// Queues of routes as they were written: config_model.h.
#pragma once

#include "policy/config/model_values.h"
#include "policy/config/queue_layout.h"

namespace headrace::policy::config {

struct RouteQueueModel : Record {
  RouteQueue row{};  // but the limits, which are the route's
};

}  // namespace headrace::policy::config

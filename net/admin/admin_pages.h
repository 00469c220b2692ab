// What the admin listener answers: health, readiness and the process's own metrics in Prometheus
// text form (version 0.0.4). Pure: from the fleet's counters to text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "net/fleet.h"

namespace headrace::net {

class TargetStates;

struct AdminPage {
  std::uint16_t status = 404;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Allocates: asked a few times a minute by monitoring, on the admin listener only.
AdminPage admin_page(std::string_view path, const Fleet& fleet, const TargetStates& targets,
                     core::Instant now, bool metrics_served);

}  // namespace headrace::net

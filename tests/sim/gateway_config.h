// The config of the simulated gateway, as an operator would write it.
#pragma once

#include <string>

namespace headrace::sim {

struct GatewayOptions;

[[nodiscard]] std::string config_of(const GatewayOptions& options);

}  // namespace headrace::sim

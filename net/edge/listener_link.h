// What a listener serves by: its row in the config base and what was made of it at load time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/cidr.h"
#include "net/edge/address_limits.h"
#include "net/http/cors.h"
#include "net/tls/server_context.h"
#include "policy/config/base_layout.h"

namespace headrace::net {

enum class ListenerRole : std::uint8_t { gateway, admin };

struct ListenerLink {
  ListenerRole role = ListenerRole::gateway;
  std::uint32_t index = 0;  // in the config's listeners
  std::uint32_t connections_max = 0;
  std::uint32_t requests_per_connection_max = 0;
  bool x_forwarded = false;
  policy::config::RowRef policy_set;  // what it is for; none: everything
  std::string policy_set_name;
  policy::config::RowRef ip_set;  // from where callers may come; none: from anywhere
  // A reload has taken it away together with what it was for: who still comes is not served.
  bool serves_nobody = false;
  bool forwarded = false;
  bool answers_over_limit = false;
  policy::config::ProxyProtocol proxy_protocol = policy::config::ProxyProtocol::off;
  AddressLimits::Limits address_limits;
  http::CorsRules cors;
  std::uint64_t hsts_max_age_s = 0;               // 0: none
  core::CidrList trusted_proxies;                 // who may say where a request came from
  std::shared_ptr<const tls::ServerContext> tls;  // null: plain
};

}  // namespace headrace::net

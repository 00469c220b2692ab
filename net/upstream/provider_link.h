// A provider as the data plane uses it: its row in the config base, and what was made of it when
// the config was loaded (credentials unsealed into locked memory, TLS context).
//
// Threads: made on the loading thread, immutable afterwards, shared by all shards.
// Lifetime: belongs to its ConfigSnapshot.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls/client_context.h"
#include "policy/config/base_layout.h"

namespace headrace::net {

// One key of a provider.
struct KeyLink {
  std::string_view name;  // empty: the provider's only one
  // The header line, or query parameter without a separator, that shows the credential. In locked
  // memory; never logged.
  std::string_view private_line;
  std::string_view private_query;
  std::uint64_t identity = 0;  // of provider, name and credential: a new credential starts afresh
  std::uint32_t weight = 1;
  bool drain = false;  // takes no new requests
};

struct ProviderLink {
  const policy::config::Provider* row = nullptr;
  std::uint32_t index = 0;
  std::string_view name;
  std::string_view host_field;
  std::string_view path_prefix;
  // At least one, also where there is no credential to show.
  std::vector<KeyLink> keys;
  // Whole header lines that go to this provider with every request: what the config adds. In locked
  // memory; never logged.
  std::string_view private_lines;
  // Query parameters likewise, without a leading separator.
  std::string_view private_query;
  std::string_view auth_name;
  // The proxy on the way out, where there is one: what is connected to, and what it is told before
  // the provider hears anything ("CONNECT host:443 HTTP/1.1 ..."), in locked memory.
  std::string egress_host;
  std::uint16_t egress_port = 0;
  std::string_view egress_request;
  [[nodiscard]] bool has_egress() const { return !egress_host.empty(); }
  // What context headers are signed with; empty: they are not. Likewise.
  std::string_view context_secret;
  std::vector<std::string_view> headers_remove;
  std::vector<std::string_view> query_remove;
  std::shared_ptr<const tls::ClientContext> tls;  // null: plain
};

}  // namespace headrace::net

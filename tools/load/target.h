// Where load is sent: parsed from "http://127.0.0.1:8080/v1/chat/completions", "https://..." or
// "unix:/run/headrace.sock".
//
// A load generator is a weapon when it is pointed at somebody else's machine: only loopback and
// Unix sockets are targets unless the user says otherwise.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "core/socket_address.h"

namespace headrace::tools::load {

struct Target {
  std::string label;  // for the report
  std::string url;    // as given
  core::SocketAddress address;
  bool tls = false;
  std::string host;       // without port: what a certificate must name
  std::string authority;  // the Host field
  std::string path;       // with the query; empty where the URL has none
};

enum class Reach : std::uint8_t { loopback, anywhere };

// "NAME=URL" or "URL". Resolves names (blocking). The error is words for the user.
std::expected<Target, std::string> parse_target(std::string_view text, Reach reach);

}  // namespace headrace::tools::load

// What one line of the access log says. Texts are borrowed for the call that writes it.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/clock.h"
#include "net/edge/peer_address.h"
#include "net/http/method.h"
#include "net/upstream/upstream_failure.h"
#include "policy/dialect/endpoint.h"
#include "policy/dialect/usage.h"

namespace headrace::net {

// What is copied as it is.
struct AccessFacts {
  core::WallTime ended_at;
  core::Duration duration{};
  core::Duration time_to_first_byte{};  // zero: there was none
  core::Duration waited{};              // in queues, for targets that had no room
  std::uint64_t bytes_in = 0;           // of the request's body
  std::uint64_t bytes_out = 0;          // of the answer's body
  std::uint64_t refusals_left_out = 0;  // refused requests before this one that have no line
  policy::Usage usage;
  PeerAddress peer;
  std::uint32_t shard = 0;
  std::uint16_t status = 0;
  std::uint8_t attempts = 0;
  http::Method method = http::Method::other;
  policy::Endpoint endpoint = policy::Endpoint::unknown;
  UpstreamFailure failure = UpstreamFailure::none;
  bool local = false;  // answered by the gateway itself
  bool streamed = false;
  bool cut = false;  // the answer did not arrive whole
};

struct AccessRecord : AccessFacts {
  std::string_view request_id;
  std::string_view path;  // without query
  std::string_view model;
  std::string_view key;  // its name, never the key
  std::string_view tenant;
  std::string_view provider;
  std::string_view code;   // why it was refused
  std::string_view limit;  // that decided
  std::string_view user;
  std::string_view tries;  // each attempt, where there was more than one
};

}  // namespace headrace::net

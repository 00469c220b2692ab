// What an answer needs to know of a request's head, kept while the request is answered.
//
// Lifetime: stands in the connection and is reused; owns its text, since the head's bytes are gone
//           by the time that the body has come.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/request_head.h"
#include "tools/mock/behaviour.h"
#include "tools/mock/endpoint.h"

namespace headrace::tools::mock {

enum class CredentialKind : std::uint8_t { bearer, x_api_key, api_key, x_goog_api_key, query_key };
std::string_view credential_name(CredentialKind kind);

struct Credential {
  CredentialKind kind = CredentialKind::bearer;
  std::string value;
};

struct RequestInfo {
  Route route;  // its model points into `path`
  std::string method;
  std::string target;  // as received
  std::string path;
  std::string request_id;  // x-request-id; may be empty
  std::vector<Credential> credentials;
  std::uint64_t target_hash = 0;
  bool admin = false;
  bool head_only = false;  // HEAD
  bool http_1_0 = false;
  bool keep_alive = true;
  bool expect_continue = false;
  std::uint64_t number_on_connection = 1;
  std::uint64_t attempt = 1;  // how often this request id has been seen
  // The defaults, or a copy that the request's own headers changed.
  std::shared_ptr<const Behaviour> behaviour;
  bool own_behaviour = false;
};

// The paths that belong to the mock itself begin with this.
inline constexpr std::string_view kAdminPrefix = "/mock/";

// Fills `info` from a head. The error names the x-mock- header that is wrong.
std::expected<void, std::string> read_request_info(const net::http::RequestHead& head,
                                                   const std::shared_ptr<const Behaviour>& defaults,
                                                   RequestInfo& info);

// Whether one of `keys` arrived where this dialect's clients put it. No keys: always.
bool is_authorized(const RequestInfo& info, const std::vector<std::string>& keys);

}  // namespace headrace::tools::mock

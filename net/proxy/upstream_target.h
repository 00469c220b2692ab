// The request target and the head that go upstream: written anew from what was parsed.
#pragma once

#include <string_view>

#include "net/edge/peer_address.h"
#include "net/http/body_decoder.h"
#include "net/http/head_writer.h"
#include "net/http/request_head.h"
#include "net/proxy/context_headers.h"
#include "net/upstream/provider_link.h"
#include "policy/dialect/dialect.h"

namespace headrace::net {

// Names the language of what the gateway says: `?lang=de`. Never goes upstream.
inline constexpr std::string_view kLanguageParameter = "lang";

struct UpstreamRequest {
  const http::RequestHead* head = nullptr;  // as the client sent it
  const ProviderLink* provider = nullptr;
  const KeyLink* key = nullptr;    // of the provider's: the one credential that goes along
  std::string_view model_in_path;  // a slice of the client's path, where the path names the model
  std::string_view model;          // what to ask for in its place; empty: the same
  bool answer_is_read = false;     // by us: no content coding
  http::BodyFraming framing = http::BodyFraming::none;
  std::uint64_t content_length = 0;

  std::string_view own_key;  // of the client, in place of the provider's credential
  std::string_view request_id;
  bool traced = false;     // the client's trace goes on
  std::uint64_t span = 0;  // ours in it
  // Where the request came from; peer is null where the listener does not say it upstream.
  const PeerAddress* peer = nullptr;
  bool x_forwarded = false;
  bool forwarded = false;
  bool peer_trusted = false;  // its own forwarding fields are kept
  bool downstream_tls = false;
  bool via = false;
  ContextFacts context;
};

// Writes the whole head with its empty line; ask writer.ok() afterwards.
void write_upstream_head(const UpstreamRequest& request, http::HeadWriter& writer);

}  // namespace headrace::net

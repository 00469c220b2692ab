// The inside of a ServerContext, for the sessions of this folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <openssl/base.h>

#include "net/tls/server_context.h"
#include "net/tls/ticket_sealer.h"

namespace headrace::net::tls {

inline constexpr std::uint32_t kNoCredential = ~std::uint32_t{0};

struct ServerContext::Parts {
  explicit Parts(const TicketKeys& ticket_keys) : tickets(ticket_keys) {}

  // Which credential serves a name, by what the client can verify. Either may be none, not both.
  struct Choice {
    std::uint32_t for_ecdsa_clients = kNoCredential;
    std::uint32_t for_rsa_clients = kNoCredential;
  };
  struct Name {
    std::string name;  // lower case; "*.example.com" for a wildcard
    Choice choice;
  };

  std::vector<std::shared_ptr<const Credential>> credentials;
  std::vector<bssl::UniquePtr<SSL_CTX>> contexts;  // one a credential, in the same order
  std::vector<Name> names;                         // sorted by name
  Choice unnamed;                                  // no SNI, or a name that none of them has
  std::vector<ApplicationProtocol> protocols;
  TicketSealer tickets;
  std::shared_ptr<const TrustAnchors> client_anchors;
};

// The credential that serves `server_name` (empty: no SNI); see ServerContext::select().
[[nodiscard]] std::size_t select_credential(const ServerContext::Parts& parts,
                                            std::string_view server_name, bool ecdsa_possible);

}  // namespace headrace::net::tls

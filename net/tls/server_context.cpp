#include "net/tls/server_context.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "core/ascii.h"
#include "core/planted_bug.h"
#include "net/tls/chain_verification.h"
#include "net/tls/library.h"
#include "net/tls/protocol_policy.h"
#include "net/tls/server_context_parts.h"

namespace headrace::net::tls {
namespace {

constexpr std::size_t kServerNameBytesMax = 255;  // RFC 1035
constexpr std::uint8_t kSessionIdContext[] = "headrace";

// --- callbacks of the library, on a shard -------------------------------------------------------

// Whether the ClientHello's signature_algorithms name ECDSA with one of the common curves.
bool offers_ecdsa(const SSL_CLIENT_HELLO* hello) {
  const std::uint8_t* data = nullptr;
  std::size_t bytes = 0;
  if (SSL_early_callback_ctx_extension_get(hello, TLSEXT_TYPE_signature_algorithms, &data,
                                           &bytes) != 1) {
    return false;
  }
  CBS extension;
  CBS algorithms;
  CBS_init(&extension, data, bytes);
  if (CBS_get_u16_length_prefixed(&extension, &algorithms) != 1) return false;
  std::uint16_t algorithm = 0;
  while (CBS_get_u16(&algorithms, &algorithm) == 1) {
    if (algorithm == SSL_SIGN_ECDSA_SECP256R1_SHA256 ||
        algorithm == SSL_SIGN_ECDSA_SECP384R1_SHA384) {
      return true;
    }
  }
  return false;
}

ssl_select_cert_result_t on_client_hello(const SSL_CLIENT_HELLO* hello) {
  Library& library = Library::of(hello->ssl);
  const ServerContext::Parts& parts = library.server();
  const char* name = SSL_get_servername(hello->ssl, TLSEXT_NAMETYPE_host_name);
  const std::size_t chosen =
      select_credential(parts, name != nullptr ? name : "", offers_ecdsa(hello));
  if (chosen != 0) {
    if (SSL_set_SSL_CTX(hello->ssl, parts.contexts[chosen].get()) == nullptr) {
      return ssl_select_cert_error;
    }
    library.use_credential(*parts.credentials[chosen]);
  }
  return ssl_select_cert_success;
}

int on_protocol_offer(SSL* ssl, const std::uint8_t** out, std::uint8_t* out_bytes,
                      const std::uint8_t* in, unsigned in_bytes, void* /*argument*/) {
  for (const ApplicationProtocol wanted : Library::of(ssl).server().protocols) {
    const std::string_view name = alpn_name(wanted);
    for (unsigned at = 0; at < in_bytes; at += 1U + in[at]) {
      const std::string_view offered(reinterpret_cast<const char*>(in + at + 1), in[at]);
      if (offered != name) continue;
      *out = in + at + 1;
      *out_bytes = in[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::size_t ticket_overhead(SSL* /*ssl*/) {
  return TicketSealer::kOverheadBytes;
}

int seal_ticket(SSL* ssl, std::uint8_t* out, std::size_t* out_bytes, std::size_t out_bytes_max,
                const std::uint8_t* in, std::size_t in_bytes) {
  const auto sealed = Library::of(ssl).server().tickets.seal({in, in_bytes}, {out, out_bytes_max});
  *out_bytes = sealed.value_or(0);
  return sealed ? 1 : 0;
}

ssl_ticket_aead_result_t open_ticket(SSL* ssl, std::uint8_t* out, std::size_t* out_bytes,
                                     std::size_t out_bytes_max, const std::uint8_t* in,
                                     std::size_t in_bytes) {
  const auto opened = Library::of(ssl).server().tickets.open({in, in_bytes}, {out, out_bytes_max});
  *out_bytes = opened.value_or(0);
  return opened ? ssl_ticket_aead_success : ssl_ticket_aead_ignore_ticket;
}

ssl_verify_result_t on_client_certificate(SSL* ssl, std::uint8_t* alert) {
  Library& library = Library::of(ssl);
  const Failure failure = verify_client_chain(*library.server().client_anchors,
                                              SSL_get0_peer_certificates(ssl), *alert);
  if (failure == Failure::none || core::planted(core::PlantedBug::tls_client_unverified)) {
    return ssl_verify_ok;
  }
  ERR_clear_error();
  library.fail_verification(failure);
  return ssl_verify_invalid;
}

constexpr SSL_TICKET_AEAD_METHOD kTickets = {
    .max_overhead = ticket_overhead, .seal = seal_ticket, .open = open_ticket};

// --- building -----------------------------------------------------------------------------------

bssl::UniquePtr<SSL_CTX> make_context(const Credential& credential, const ServerOptions& options) {
  // Without crypto/x509: certificates are sent, never parsed, so nothing of them is held.
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_with_buffers_method()));
  if (context == nullptr || !apply_protocol_policy(context.get(), options.version_min)) {
    return nullptr;
  }
  if (!use_credential(context.get(), credential, options.rsa_bits_on_shard_max) ||
      SSL_CTX_set_session_id_context(context.get(), kSessionIdContext, sizeof kSessionIdContext) !=
          1) {
    return nullptr;
  }
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets only: no state
  SSL_CTX_set_ticket_aead_method(context.get(), &kTickets);
  SSL_CTX_set_select_certificate_cb(context.get(), on_client_hello);
  SSL_CTX_set_alpn_select_cb(context.get(), on_protocol_offer, nullptr);
  if (options.client_anchors != nullptr) {
    const int required = options.client_certificate_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_custom_verify(context.get(), SSL_VERIFY_PEER | required, on_client_certificate);
    if (!core::planted(core::PlantedBug::certificate_unshown)) {
      SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
    }
  }
  return context;
}

// The first credential of each kind wins: the order of the configuration decides.
void add_to(ServerContext::Parts::Choice& choice, KeyKind kind, std::uint32_t index) {
  std::uint32_t& slot = kind == KeyKind::rsa ? choice.for_rsa_clients : choice.for_ecdsa_clients;
  if (slot == kNoCredential) slot = index;
}

void index_names(ServerContext::Parts& parts) {
  for (std::uint32_t i = 0; i < parts.credentials.size(); ++i) {
    const Credential& credential = *parts.credentials[i];
    for (const std::string& name : credential.names()) {
      const auto at =
          std::ranges::lower_bound(parts.names, name, {}, &ServerContext::Parts::Name::name);
      const bool known = at != parts.names.end() && at->name == name;
      auto entry = known ? at : parts.names.insert(at, {.name = name, .choice = {}});
      add_to(entry->choice, credential.key_kind(), i);
    }
  }
  // Without a name it is the first credential, with the first of the other kind for those clients
  // that cannot verify it.
  for (std::uint32_t i = 0; i < parts.credentials.size(); ++i) {
    add_to(parts.unnamed, parts.credentials[i]->key_kind(), i);
  }
  if (parts.credentials[0]->key_kind() == KeyKind::rsa) {
    parts.unnamed.for_ecdsa_clients = kNoCredential;
  }
}

const ServerContext::Parts::Choice* find(const ServerContext::Parts& parts, std::string_view name) {
  const auto at =
      std::ranges::lower_bound(parts.names, name, {}, &ServerContext::Parts::Name::name);
  return at != parts.names.end() && at->name == name ? &at->choice : nullptr;
}

std::size_t pick(const ServerContext::Parts::Choice& choice, bool ecdsa_possible) {
  const bool ecdsa = choice.for_rsa_clients == kNoCredential ||
                     (ecdsa_possible && choice.for_ecdsa_clients != kNoCredential);
  return ecdsa ? choice.for_ecdsa_clients : choice.for_rsa_clients;
}

}  // namespace

std::size_t select_credential(const ServerContext::Parts& parts, std::string_view server_name,
                              bool ecdsa_possible) {
  if (server_name.empty() || server_name.size() > kServerNameBytesMax) {
    return pick(parts.unnamed, ecdsa_possible);
  }
  std::array<char, kServerNameBytesMax> lower;
  std::ranges::transform(server_name, lower.begin(), core::to_lower);
  const std::string_view name(lower.data(), server_name.size());
  if (const auto* exact = find(parts, name)) return pick(*exact, ecdsa_possible);
  const std::size_t dot = name.find('.');
  if (dot != std::string_view::npos && dot > 0) {
    // The wildcard stands for exactly the first label: "*" overwrites the byte before its dot.
    lower[dot - 1] = '*';
    if (const auto* wildcard = find(parts, name.substr(dot - 1))) {
      return pick(*wildcard, ecdsa_possible);
    }
  }
  return pick(parts.unnamed, ecdsa_possible);
}

std::expected<std::shared_ptr<const ServerContext>, std::vector<std::string>> ServerContext::build(
    ServerOptions options) {
  using Errors = std::vector<std::string>;
  Errors errors;
  if (options.credentials.empty()) errors.emplace_back("a TLS listener needs a certificate");
  if (options.credentials.size() > kCredentialsMax) {
    errors.push_back("more than " + std::to_string(kCredentialsMax) + " certificates");
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));

  auto parts = std::make_unique<Parts>(options.ticket_keys);
  parts->credentials = std::move(options.credentials);
  parts->protocols = std::move(options.protocols);
  parts->client_anchors = options.client_anchors;
  for (const auto& credential : parts->credentials) {
    parts->contexts.push_back(make_context(*credential, options));
    if (parts->contexts.back() == nullptr) {
      ERR_clear_error();
      const std::string which = std::to_string(parts->contexts.size());
      errors.push_back("certificate " + which + " was not accepted by the TLS library");
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  index_names(*parts);
  return std::shared_ptr<const ServerContext>(new ServerContext(std::move(parts)));
}

ServerContext::ServerContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ServerContext::~ServerContext() = default;

std::size_t ServerContext::select(std::string_view server_name, bool ecdsa_possible) const {
  return select_credential(*parts_, server_name, ecdsa_possible);
}

}  // namespace headrace::net::tls

#include "net/tls/client_context.h"

#include <array>
#include <atomic>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "core/ascii.h"
#include "net/tls/chain_verification.h"
#include "net/tls/client_context_parts.h"
#include "net/tls/library.h"
#include "net/tls/pem.h"
#include "net/tls/protocol_policy.h"

namespace headrace::net::tls {
namespace {

// --- callbacks of the library, on a shard -------------------------------------------------------

ssl_verify_result_t on_certificate(SSL* ssl, std::uint8_t* alert) {
  Library& library = Library::of(ssl);
  if (!library.client().verify) return ssl_verify_ok;
  const Failure failure = verify_chain(library.client(), SSL_get0_peer_certificates(ssl), *alert);
  if (failure == Failure::none) return ssl_verify_ok;
  ERR_clear_error();
  library.fail_verification(failure);
  return ssl_verify_invalid;
}

int on_session(SSL* ssl, SSL_SESSION* session) {
  Library::of(ssl).keep_for_resumption(session);
  return 1;
}

// --- building -----------------------------------------------------------------------------------

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

// A name that can stand in SNI and in a certificate: letters, digits, hyphens and dots.
bool is_dns_name(const std::string& host) {
  if (host.empty() || host.size() > 253 || host.front() == '.' || host.back() == '.') return false;
  for (const char c : host) {
    if (!core::is_letter_or_digit(c) && c != '-' && c != '.' && c != '_') return false;
  }
  return true;
}

bssl::UniquePtr<SSL_CTX> make_context(const ClientOptions& options) {
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_with_buffers_method()));
  if (context == nullptr || !apply_protocol_policy(context.get())) return nullptr;
  SSL_CTX_set_custom_verify(context.get(), SSL_VERIFY_PEER, on_certificate);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), on_session);
  const std::vector<std::uint8_t> protocols = alpn_wire(options.protocols);
  // This function alone returns zero for success.
  if (SSL_CTX_set_alpn_protos(context.get(), protocols.data(),
                              static_cast<unsigned>(protocols.size())) != 0) {
    return nullptr;
  }
  if (options.credential != nullptr &&
      !use_credential(context.get(), *options.credential, options.rsa_bits_on_shard_max)) {
    return nullptr;
  }
  return context;
}

}  // namespace

std::expected<std::shared_ptr<const TrustAnchors>, std::string> TrustAnchors::parse(
    std::span<const std::byte> pem) {
  const auto blocks = parse_pem(pem);
  if (!blocks) return std::unexpected(blocks.error());
  auto parts = std::make_unique<Parts>();
  parts->store.reset(X509_STORE_new());
  if (parts->store == nullptr) return std::unexpected("out of memory");
  for (const PemBlock& block : *blocks) {
    if (!block.label.ends_with("CERTIFICATE")) continue;
    const std::uint8_t* der = block.der.data();
    const bssl::UniquePtr<X509> certificate(
        d2i_X509(nullptr, &der, static_cast<long>(block.der.size())));
    if (certificate == nullptr || X509_STORE_add_cert(parts->store.get(), certificate.get()) != 1) {
      ERR_clear_error();
      return std::unexpected("certificate " + std::to_string(parts->count + 1) +
                             " of the trusted authorities cannot be decoded");
    }
    ++parts->count;
  }
  if (parts->count == 0) {
    return std::unexpected("no trusted authority found: expected a PEM block \"CERTIFICATE\"");
  }
  return std::shared_ptr<const TrustAnchors>(new TrustAnchors(std::move(parts)));
}

TrustAnchors::TrustAnchors(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TrustAnchors::~TrustAnchors() = default;
std::size_t TrustAnchors::count() const {
  return parts_->count;
}

std::expected<std::shared_ptr<const ClientContext>, std::vector<std::string>> ClientContext::build(
    ClientOptions options) {
  std::vector<std::string> errors;
  const bool address = is_address(options.host);
  if (!address && !is_dns_name(options.host)) {
    errors.push_back("\"" + options.host + "\" is neither a DNS name nor an IP address");
  }
  if (options.verify && options.anchors == nullptr)
    errors.emplace_back("no trusted authorities are given");
  if (!errors.empty()) return std::unexpected(std::move(errors));

  static std::atomic<std::uint64_t> last_number{0};
  auto parts = std::make_unique<Parts>();
  parts->number = last_number.fetch_add(1, std::memory_order_relaxed) + 1;
  parts->context = make_context(options);
  if (parts->context == nullptr) {
    ERR_clear_error();
    errors.emplace_back("the client certificate was not accepted by the TLS library");
    return std::unexpected(std::move(errors));
  }
  parts->verify = options.verify;
  parts->anchors = std::move(options.anchors);
  parts->credential = std::move(options.credential);
  parts->host = std::move(options.host);
  parts->is_address = address;
  parts->protocols = std::move(options.protocols);
  return std::shared_ptr<const ClientContext>(new ClientContext(std::move(parts)));
}

ClientContext::ClientContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ClientContext::~ClientContext() = default;

}  // namespace headrace::net::tls

#include "net/tls/library.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "core/check.h"
#include "net/tls/client_context_parts.h"
#include "net/tls/credential_parts.h"
#include "net/tls/library_failure.h"
#include "net/tls/server_context_parts.h"

namespace headrace::net::tls {
namespace {

int session_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

// --- made and unmade ----------------------------------------------------------------------------

std::unique_ptr<Library> Library::accept(std::shared_ptr<const ServerContext> context,
                                         Outbox& outbox, Counters& counters) {
  std::unique_ptr<Library> library(new Library(outbox, counters));
  library->server_ = std::move(context);
  const ServerContext::Parts& parts = library->server();
  library->use_credential(*parts.credentials[0]);
  if (!library->start(parts.contexts[0].get())) return nullptr;
  SSL_set_accept_state(library->ssl_.get());
  return library;
}

std::unique_ptr<Library> Library::connect(std::shared_ptr<const ClientContext> context,
                                          ResumptionCache* resumption, Outbox& outbox,
                                          Counters& counters) {
  std::unique_ptr<Library> library(new Library(outbox, counters));
  library->client_ = std::move(context);
  library->resumption_ = resumption;
  const ClientContext::Parts& parts = library->client();
  if (parts.credential != nullptr) library->use_credential(*parts.credential);
  if (!library->start(parts.context.get())) return nullptr;
  SSL* ssl = library->ssl_.get();
  if (!parts.is_address && SSL_set_tlsext_host_name(ssl, parts.host.c_str()) != 1) return nullptr;
  if (resumption != nullptr) {
    resumption->belong_to(parts.number);
    const bssl::UniquePtr<SSL_SESSION> session(resumption->take());
    if (session != nullptr) SSL_set_session(ssl, session.get());
  }
  SSL_set_connect_state(ssl);
  return library;
}

bool Library::start(SSL_CTX* context) {
  ssl_.reset(SSL_new(context));
  bssl::UniquePtr<BIO> bio(BIO_new(bio_method()));
  if (ssl_ == nullptr || bio == nullptr ||
      SSL_set_ex_data(ssl_.get(), session_index(), this) != 1) {
    ERR_clear_error();
    return false;
  }
  BIO_set_data(bio.get(), this);
  BIO_set_init(bio.get(), 1);
  BIO* shared = bio.release();
  SSL_set_bio(ssl_.get(), shared, shared);
  SSL_set_shed_handshake_config(ssl_.get(), 1);
  return true;
}

Library::~Library() = default;

Library& Library::of(const SSL* ssl) {
  return *static_cast<Library*>(SSL_get_ex_data(ssl, session_index()));
}

// --- the way in and out of the library ----------------------------------------------------------

int Library::bio_read(BIO* bio, char* into, int bytes) {
  auto& self = *static_cast<Library*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  std::span<std::byte>& received = *self.received_;
  if (received.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t taken = std::min(received.size(), static_cast<std::size_t>(bytes));
  std::memcpy(into, received.data(), taken);
  received = received.subspan(taken);
  self.counters_.bytes_copied_in += taken;
  return static_cast<int>(taken);
}

int Library::bio_write(BIO* bio, const char* from, int bytes) {
  auto& self = *static_cast<Library*>(BIO_get_data(bio));
  const auto size = static_cast<std::size_t>(bytes);
  self.outbox_.append({reinterpret_cast<const std::byte*>(from), size});
  self.counters_.bytes_copied_out += size;
  return bytes;
}

long Library::bio_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* Library::bio_method() {
  static const BIO_METHOD* method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "headrace spans");
    HEADRACE_CHECK(made != nullptr);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

// --- steps --------------------------------------------------------------------------------------

HandshakeStatus Library::handshake(std::span<std::byte>& received) {
  if (failure_ != Failure::none) return HandshakeStatus::failed;
  received_ = &received;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  received_ = nullptr;
  if (result == 1) return HandshakeStatus::done;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return HandshakeStatus::wants_ciphertext;
    case SSL_ERROR_WANT_PRIVATE_KEY_OPERATION:
      return HandshakeStatus::wants_key_operation;
    default:
      fail(result);
      return HandshakeStatus::failed;
  }
}

ReadStep Library::read(std::span<std::byte>& received, std::span<std::byte> into) {
  if (failure_ != Failure::none) return {.status = ReadStatus::failed};
  const std::span<std::byte> before = received;
  received_ = &received;
  ERR_clear_error();
  // Has the next record opened, and tells how long it is before choosing where it goes.
  std::byte probe{};
  const int result = SSL_peek(ssl_.get(), &probe, 1);
  received_ = nullptr;
  if (result <= 0) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {.status = ReadStatus::wants_ciphertext};
      case SSL_ERROR_ZERO_RETURN:
        return {.status = ReadStatus::closed};
      default:
        fail(result);
        return {.status = ReadStatus::failed};
    }
  }
  const auto size = static_cast<std::size_t>(SSL_pending(ssl_.get()));
  ReadStep step{.status = ReadStatus::plaintext};
  // The memory of the ciphertext that the library has taken is free again; a record of which a part
  // came earlier may not fit there.
  if (into.size() >= size) {
    step.plaintext = into.first(size);
  } else if (before.size() - received.size() >= size) {
    step.plaintext = before.first(size);
  } else {
    step.memory = allocate_record(size);
    step.plaintext = {step.memory.get(), size};
  }
  const int taken = SSL_read(ssl_.get(), step.plaintext.data(), static_cast<int>(size));
  HEADRACE_CHECK(taken == static_cast<int>(size), "what is pending can be read");
  counters_.bytes_copied_in += size;
  counters_.bytes_opened += size;
  ++counters_.records_opened;
  return step;
}

std::size_t Library::write(std::span<const iovec> plaintext, std::size_t offset,
                           std::size_t bytes_max) {
  if (failure_ != Failure::none) return 0;
  // Gathered where the record will go: the library seals into memory of its own first.
  const std::span<std::byte> room = outbox_.free_room();
  const std::byte* first = static_cast<const std::byte*>(plaintext[0].iov_base) + offset;
  std::size_t size = std::min(plaintext[0].iov_len - offset, bytes_max);
  if (size < bytes_max && plaintext.size() > 1) {
    std::memcpy(room.data(), first, size);
    for (const iovec& slice : plaintext.subspan(1)) {
      const std::size_t part = std::min(slice.iov_len, bytes_max - size);
      if (part > 0) std::memcpy(room.data() + size, slice.iov_base, part);
      size += part;
    }
    counters_.bytes_copied_out += size;
    first = room.data();
  }
  ERR_clear_error();
  const int written = SSL_write(ssl_.get(), first, static_cast<int>(size));
  if (written <= 0) {
    fail(written);
    return 0;
  }
  counters_.bytes_sealed += static_cast<std::size_t>(written);
  ++counters_.records_sealed;
  return static_cast<std::size_t>(written);
}

void Library::close() {
  ERR_clear_error();
  // A failed session has had its alert written when it failed.
  if (failure_ == Failure::none) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void Library::flush() {
  ERR_clear_error();
  SSL_write(ssl_.get(), nullptr, 0);
  ERR_clear_error();
}

void Library::fail(int result) {
  const int error = SSL_get_error(ssl_.get(), result);
  const LibraryFailure found = judge_library_error(error);
  failure_ = verification_failure_ != Failure::none ? verification_failure_ : found.failure;
  peer_alert_ = found.peer_alert;
  ERR_clear_error();
}

// --- secrets, tickets ---------------------------------------------------------------------------

namespace {

std::uint8_t hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  return static_cast<std::uint8_t>((c | 0x20) - 'a' + 10);
}

}  // namespace

// A line of the NSS key log format: label, client random, secret.
void Library::keep_secret(std::span<const char> line) {
  const std::string_view text(line.data(), line.size());
  const bool client = text.starts_with("CLIENT_TRAFFIC_SECRET_0 ");
  if (!client && !text.starts_with("SERVER_TRAFFIC_SECRET_0 ")) return;
  const std::string_view digits = text.substr(text.rfind(' ') + 1);
  HEADRACE_CHECK(digits.size() % 2 == 0);
  HEADRACE_CHECK(digits.size() / 2 <= kSecretBytesMax);
  Secret& secret = client ? secrets_.client : secrets_.server;
  secret.size = static_cast<std::uint8_t>(digits.size() / 2);
  for (std::size_t i = 0; i < secret.size; ++i) {
    secret.bytes[i] =
        static_cast<std::uint8_t>(hex_digit(digits[2 * i]) << 4 | hex_digit(digits[2 * i + 1]));
  }
}

void Library::take_ticket(std::span<const std::byte> message) {
  if (resumption_ == nullptr) return;
  SSL_SESSION* session = SSL_process_tls13_new_session_ticket(
      ssl_.get(), reinterpret_cast<const std::uint8_t*>(message.data()), message.size());
  ERR_clear_error();
  if (session != nullptr) keep_for_resumption(session);
}

void Library::keep_for_resumption(SSL_SESSION* session) {
  if (resumption_ != nullptr && SSL_SESSION_is_resumable(session) == 1) {
    resumption_->put(session, client().number);
  } else {
    SSL_SESSION_free(session);
  }
}

// --- signing elsewhere --------------------------------------------------------------------------

const SSL_PRIVATE_KEY_METHOD Library::kKeyElsewhere = {
    .sign = Library::sign, .decrypt = Library::decrypt, .complete = Library::complete};

ssl_private_key_result_t Library::sign(SSL* ssl, std::uint8_t* /*out*/, std::size_t* /*out_bytes*/,
                                       std::size_t /*out_bytes_max*/, std::uint16_t algorithm,
                                       const std::uint8_t* in, std::size_t in_bytes) {
  Library& self = of(ssl);
  self.key_operation_ =
      std::make_unique<KeyOperation>(self.credential_->parts().key.get(), algorithm, in, in_bytes);
  ++self.counters_.key_operations;
  return ssl_private_key_retry;
}

// Only RSA key exchange would decrypt, and no cipher suite of ours uses it.
ssl_private_key_result_t Library::decrypt(SSL* /*ssl*/, std::uint8_t* /*out*/,
                                          std::size_t* /*out_bytes*/, std::size_t /*out_bytes_max*/,
                                          const std::uint8_t* /*in*/, std::size_t /*in_bytes*/) {
  return ssl_private_key_failure;
}

ssl_private_key_result_t Library::complete(SSL* ssl, std::uint8_t* out, std::size_t* out_bytes,
                                           std::size_t out_bytes_max) {
  Library& self = of(ssl);
  if (self.key_operation_ == nullptr || !self.key_operation_->has_run()) {
    return ssl_private_key_retry;
  }
  const std::unique_ptr<KeyOperation> operation = std::move(self.key_operation_);
  const auto& signature = operation->signature();
  if (signature.empty() || signature.size() > out_bytes_max) return ssl_private_key_failure;
  std::memcpy(out, signature.data(), signature.size());
  *out_bytes = signature.size();
  return ssl_private_key_success;
}

std::unique_ptr<KeyOperation> Library::take_key_operation() {
  HEADRACE_CHECK(key_operation_ != nullptr && !key_operation_away_);
  key_operation_away_ = true;
  return std::move(key_operation_);
}

void Library::complete_key_operation(std::unique_ptr<KeyOperation> operation) {
  HEADRACE_CHECK(key_operation_away_, "a key operation came back that had not gone out");
  HEADRACE_CHECK(operation != nullptr && operation->has_run());
  key_operation_away_ = false;
  key_operation_ = std::move(operation);
}

}  // namespace headrace::net::tls

// Two ends of a TLS connection and the wire between them, in memory: an End drives a Session as a
// transport would, a LibraryEnd is BoringSSL by itself, for what only another implementation shows.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/tls/session.h"
#include "tests/net/tls/certificate_maker.h"

namespace headrace::net::tls {

// So that GoogleTest names a failure instead of printing its byte.
inline void PrintTo(Failure failure, std::ostream* out) {
  *out << text(failure);
}

}  // namespace headrace::net::tls

namespace headrace::net::tls::test {

constexpr std::size_t kWhole = std::numeric_limits<std::size_t>::max();

class End {
 public:
  explicit End(Session made) : session(std::move(made)) {}

  Session session;
  std::string to_send;                   // ciphertext for the other end
  std::string received;                  // plaintext
  bool closed = false;                   // by the other end's close_notify
  std::size_t slice_bytes_max = kWhole;  // what the network delivers at once
  std::size_t room_bytes = 16'384;
  std::size_t records_in_place = 0;  // plaintext that lay within the slice handed in
  std::size_t records_apart = 0;
  bool runs_key_operations = true;
  bool wants_key_operation = false;

  void start() { step({}); }

  void deliver(const std::string& ciphertext) {
    for (std::size_t at = 0; at < ciphertext.size();) {
      const std::size_t part = std::min(slice_bytes_max, ciphertext.size() - at);
      step(ciphertext.substr(at, part));
      at += part;
    }
  }

  // One slice, in memory of exactly its size, gone after the call.
  void step(const std::string& slice) {
    const auto memory = std::make_unique<std::byte[]>(slice.size());
    std::memcpy(memory.get(), slice.data(), slice.size());
    std::span<std::byte> rest(memory.get(), slice.size());
    while (!session.established()) {
      std::vector<std::byte> room(room_bytes);
      const HandshakeStep done = session.handshake(rest, room);
      keep(room, done.produced);
      if (done.status == HandshakeStatus::wants_room) continue;
      wants_key_operation = done.status == HandshakeStatus::wants_key_operation;
      if (wants_key_operation && runs_key_operations) {
        auto operation = session.take_key_operation();
        operation->run();
        session.complete_key_operation(std::move(operation));
        continue;
      }
      if (done.status == HandshakeStatus::wants_ciphertext) HEADRACE_CHECK(rest.empty());
      if (done.status == HandshakeStatus::failed) send_close();
      if (done.status != HandshakeStatus::done) return;
    }
    while (true) {
      ReadStep read = session.read(rest);
      if (read.status == ReadStatus::plaintext) {
        HEADRACE_CHECK(!read.plaintext.empty());
        received.append(reinterpret_cast<const char*>(read.plaintext.data()),
                        read.plaintext.size());
        ++(read.memory == nullptr ? records_in_place : records_apart);
        continue;
      }
      HEADRACE_CHECK(rest.empty());
      closed = closed || read.status == ReadStatus::closed;
      if (read.status == ReadStatus::failed) send_close();
      return;
    }
  }

  // False when the session refuses.
  bool send(std::vector<std::string_view> slices) {
    std::size_t left = 0;
    for (const auto slice : slices)
      left += slice.size();
    while (left > 0) {
      std::vector<iovec> vector;
      vector.reserve(slices.size());
      for (const auto slice : slices) {
        vector.push_back({const_cast<char*>(slice.data()), slice.size()});
      }
      std::vector<std::byte> room(room_bytes);
      const WriteStep step = session.write(vector, room);
      keep(room, step.produced);
      if (step.failed) return false;
      left -= step.consumed;
      for (std::size_t gone = step.consumed; gone > 0;) {
        const std::size_t part = std::min(gone, slices.front().size());
        slices.front().remove_prefix(part);
        gone -= part;
        if (slices.front().empty() && slices.size() > 1) slices.erase(slices.begin());
      }
    }
    return true;
  }
  bool send(std::string_view text) { return send(std::vector<std::string_view>{text}); }

  void send_close() {
    std::vector<std::byte> room(room_bytes);
    keep(room, session.close(room));
  }

 private:
  void keep(const std::vector<std::byte>& room, std::size_t bytes) {
    to_send.append(reinterpret_cast<const char*>(room.data()), bytes);
  }
};

// BoringSSL with memory BIOs: the other implementation.
class LibraryEnd {
 public:
  LibraryEnd() : context(SSL_CTX_new(TLS_method())) {
    SSL_CTX_set_custom_verify(context.get(), SSL_VERIFY_NONE,
                              [](SSL*, std::uint8_t*) { return ssl_verify_ok; });
  }

  bssl::UniquePtr<SSL_CTX> context;
  bssl::UniquePtr<SSL> ssl;
  std::string to_send;
  std::string received;
  bool closed = false;
  int last_reason = 0;  // of the error queue, 0: none

  void use(const Identity& identity) {
    HEADRACE_CHECK(SSL_CTX_use_certificate(context.get(), identity.certificate.get()) == 1);
    HEADRACE_CHECK(SSL_CTX_use_PrivateKey(context.get(), identity.key.get()) == 1);
  }
  void begin(bool as_client) {
    ssl.reset(SSL_new(context.get()));
    BIO* in = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl.get(), in, BIO_new(BIO_s_mem()));
    as_client ? SSL_set_connect_state(ssl.get()) : SSL_set_accept_state(ssl.get());
  }
  void start() { pump(); }
  void deliver(const std::string& ciphertext) {
    BIO_write(SSL_get_rbio(ssl.get()), ciphertext.data(), static_cast<int>(ciphertext.size()));
    pump();
  }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const int written = SSL_write(ssl.get(), text.data(), static_cast<int>(text.size()));
      if (written <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    collect();
    return true;
  }
  void send_close() {
    SSL_shutdown(ssl.get());
    collect();
  }
  [[nodiscard]] bool established() const { return SSL_in_init(ssl.get()) == 0; }
  void collect() {
    const std::uint8_t* data = nullptr;
    std::size_t bytes = 0;
    BIO_mem_contents(SSL_get_wbio(ssl.get()), &data, &bytes);
    to_send.append(reinterpret_cast<const char*>(data), bytes);
    BIO_reset(SSL_get_wbio(ssl.get()));
  }

 private:
  void pump() {
    ERR_clear_error();
    int result = SSL_do_handshake(ssl.get());
    char text[4096];
    while (result == 1 || (result > 0 && established())) {
      result = SSL_read(ssl.get(), text, sizeof text);
      if (result > 0) received.append(text, static_cast<std::size_t>(result));
      if (result > 0) result = 1;
    }
    if (SSL_get_error(ssl.get(), result) == SSL_ERROR_ZERO_RETURN) closed = true;
    if (const std::uint32_t error = ERR_peek_error(); error != 0) {
      last_reason = ERR_GET_REASON(error);
    }
    ERR_clear_error();
    collect();
  }
};

// Carries bytes both ways until both are silent.
template <class A, class B>
void exchange(A& a, B& b) {
  for (int round = 0; round < 1000 && (!a.to_send.empty() || !b.to_send.empty()); ++round) {
    if (!a.to_send.empty()) b.deliver(std::exchange(a.to_send, {}));
    if (!b.to_send.empty()) a.deliver(std::exchange(b.to_send, {}));
  }
}

template <class A, class B>
void connect(A& client, B& server) {
  client.start();
  exchange(client, server);
}

// A shard's worth of things, and one authority that signed a certificate for "provider.test".
struct World {
  Identity authority = make_authority();
  Identity identity = make_identity({.common_name = "provider.test",
                                     .dns_names = {"provider.test"},
                                     .ip_addresses = {"127.0.0.1"}},
                                    &authority);
  Workspace server_shard;
  Workspace client_shard;
  std::shared_ptr<const ClientContext> client_context;  // where a test wants to keep one

  static std::shared_ptr<const Credential> credential(const Identity& of) {
    auto made = Credential::parse(bytes_of(of.certificate_pem()), bytes_of(of.key_pem()),
                                  std::time(nullptr));
    HEADRACE_CHECK(made.has_value());
    return *made;
  }
  static std::shared_ptr<const TrustAnchors> anchors(const Identity& of) {
    auto made = TrustAnchors::parse(bytes_of(of.certificate_pem()));
    HEADRACE_CHECK(made.has_value());
    return *made;
  }
  [[nodiscard]] ServerOptions server_options() const {
    ServerOptions options;
    options.credentials = {credential(identity)};
    return options;
  }
  [[nodiscard]] ClientOptions client_options(const std::string& host = "provider.test") const {
    ClientOptions options;
    options.host = host;
    options.anchors = anchors(authority);
    return options;
  }
  [[nodiscard]] End server(ServerOptions options) {
    auto context = ServerContext::build(std::move(options));
    HEADRACE_CHECK(context.has_value());
    return server(*context);
  }
  [[nodiscard]] End server(std::shared_ptr<const ServerContext> context) {
    return End(Session::accept(std::move(context), server_shard));
  }
  [[nodiscard]] End server() { return server(server_options()); }
  [[nodiscard]] End client(ClientOptions options, ResumptionCache* resumption = nullptr) {
    auto context = ClientContext::build(std::move(options));
    HEADRACE_CHECK(context.has_value());
    return End(Session::connect(*context, client_shard, resumption));
  }
  [[nodiscard]] End client() { return client(client_options()); }
};

inline std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i)
    text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

}  // namespace headrace::net::tls::test

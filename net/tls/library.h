// One SSL object of BoringSSL, fed from spans: the handshake of every session, and the records of
// TLS 1.2.
//
// A BIO of ours reads straight from what was received and writes straight into the room to send
// from, so that nothing is copied which the library does not copy itself.
//
// Threads:    one shard. Lifetime: holds its context alive.
// Errors:     Failure; the library's error queue is left empty by every call.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <openssl/ssl.h>
#include <sys/uio.h>

#include "net/tls/outbox.h"
#include "net/tls/session.h"
#include "net/tls/traffic_secrets.h"

namespace headrace::net::tls {

class Library {
 public:
  // Null when memory is out.
  static std::unique_ptr<Library> accept(std::shared_ptr<const ServerContext> context,
                                         Outbox& outbox, Counters& counters);
  static std::unique_ptr<Library> connect(std::shared_ptr<const ClientContext> context,
                                          ResumptionCache* resumption, Outbox& outbox,
                                          Counters& counters);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // The Library that a callback of the library's is about.
  static Library& of(const SSL* ssl);

  // --- what Session drives; `outbox` has been given its room before -----------------------------
  HandshakeStatus handshake(std::span<std::byte>& received);
  ReadStep read(std::span<std::byte>& received, std::span<std::byte> into);
  // Seals one record of at most `bytes_max` from the front of the slices; bytes sealed, 0: failed.
  std::size_t write(std::span<const iovec> plaintext, std::size_t offset, std::size_t bytes_max);
  void close();
  // Has queued messages written out: tickets, which the library holds back until the first write.
  void flush();

  [[nodiscard]] Failure failure() const { return failure_; }
  [[nodiscard]] std::uint8_t peer_alert() const { return peer_alert_; }
  [[nodiscard]] const SSL* ssl() const { return ssl_.get(); }
  [[nodiscard]] const TrafficSecrets& secrets() const { return secrets_; }
  [[nodiscard]] std::size_t seal_overhead_max() const { return SSL_max_seal_overhead(ssl_.get()); }
  // A NewSessionTicket message that a record layer outside of the library received.
  void take_ticket(std::span<const std::byte> message);

  std::unique_ptr<KeyOperation> take_key_operation();
  void complete_key_operation(std::unique_ptr<KeyOperation> operation);

  // --- what callbacks need ----------------------------------------------------------------------
  [[nodiscard]] const ServerContext::Parts& server() const { return server_->parts(); }
  [[nodiscard]] const ClientContext::Parts& client() const { return client_->parts(); }
  [[nodiscard]] Counters& counters() { return counters_; }
  void use_credential(const Credential& credential) { credential_ = &credential; }
  void fail_verification(Failure failure) { verification_failure_ = failure; }
  void keep_for_resumption(SSL_SESSION* session);  // takes over the reference
  void keep_secret(std::span<const char> line);

  static const SSL_PRIVATE_KEY_METHOD kKeyElsewhere;

 private:
  Library(Outbox& outbox, Counters& counters) : outbox_(outbox), counters_(counters) {}
  bool start(SSL_CTX* context);
  void fail(int result);

  static int bio_read(BIO* bio, char* into, int bytes);
  static int bio_write(BIO* bio, const char* from, int bytes);
  static long bio_control(BIO* bio, int command, long number, void* pointer);
  static const BIO_METHOD* bio_method();
  static ssl_private_key_result_t sign(SSL* ssl, std::uint8_t* out, std::size_t* out_bytes,
                                       std::size_t out_bytes_max, std::uint16_t algorithm,
                                       const std::uint8_t* in, std::size_t in_bytes);
  static ssl_private_key_result_t decrypt(SSL* ssl, std::uint8_t* out, std::size_t* out_bytes,
                                          std::size_t out_bytes_max, const std::uint8_t* in,
                                          std::size_t in_bytes);
  static ssl_private_key_result_t complete(SSL* ssl, std::uint8_t* out, std::size_t* out_bytes,
                                           std::size_t out_bytes_max);

  Outbox& outbox_;
  Counters& counters_;
  std::shared_ptr<const ServerContext> server_;
  std::shared_ptr<const ClientContext> client_;
  const Credential* credential_ = nullptr;  // the one that signs; the context holds it
  ResumptionCache* resumption_ = nullptr;
  bssl::UniquePtr<SSL> ssl_;
  std::span<std::byte>* received_ = nullptr;  // during a call
  std::unique_ptr<KeyOperation> key_operation_;
  bool key_operation_away_ = false;
  TrafficSecrets secrets_;
  Failure verification_failure_ = Failure::none;
  Failure failure_ = Failure::none;
  std::uint8_t peer_alert_ = 0;
};

}  // namespace headrace::net::tls

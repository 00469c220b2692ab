#include "net/tls/session.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <openssl/stack.h>

#include "core/check.h"
#include "net/tls/client_context_parts.h"
#include "net/tls/client_names.h"
#include "net/tls/library.h"
#include "net/tls/record_layer.h"
#include "net/tls/server_context_parts.h"

namespace headrace::net::tls {

// Begins in the library. When a TLS 1.3 handshake is done the record layer takes over; the library
// goes at once downstream, and upstream when the first answer has come: until then it turns tickets
// into sessions. TLS 1.2 stays in the library.
class Session::Connection final : private TicketSink {
 public:
  explicit Connection(Workspace& shared) : workspace(shared) {}

  HandshakeStep handshake(std::span<std::byte>& received, std::span<std::byte> room);
  ReadStep read(std::span<std::byte>& received, std::span<std::byte> into);
  WriteStep write(std::span<const iovec> plaintext, std::span<std::byte> room);
  std::size_t close(std::span<std::byte> room);
  Failure received_end();

  Workspace& workspace;
  Outbox outbox;
  std::unique_ptr<Library> library;
  std::optional<RecordLayer> records;
  std::uint16_t version = 0;
  std::uint16_t cipher_suite = 0;
  Failure failure = Failure::none;
  std::uint8_t peer_alert = 0;
  ApplicationProtocol protocol = ApplicationProtocol::none;
  std::vector<std::string> names;  // of the client
  bool is_client = false;
  bool established = false;
  bool resumed = false;
  bool read_closed = false;
  bool write_closed = false;

 private:
  void on_established();
  void take_over();
  void fail(Failure reason, std::uint8_t alert = 0);
  WriteStep write_by_library(std::span<const iovec> plaintext);
  void on_ticket(std::span<const std::byte> message) override { library->take_ticket(message); }
};

// --- handshake ----------------------------------------------------------------------------------

HandshakeStep Session::Connection::handshake(std::span<std::byte>& received,
                                             std::span<std::byte> room) {
  HEADRACE_CHECK(!established, "the handshake is over");
  HEADRACE_CHECK(room.size() >= kRoomBytesMin);
  HandshakeStep step;
  outbox.begin(room);
  if (failure == Failure::none) {
    step.status = library->handshake(received);
    if (step.status == HandshakeStatus::failed) {
      ++workspace.count().handshakes_failed;
      fail(library->failure(), library->peer_alert());
    } else if (outbox.waiting()) {
      step.status = HandshakeStatus::wants_room;
    }
  }
  // A server's tickets travel with the first answer where the request is here already. Otherwise
  // they go at once: with them goes the acknowledgement for which a client without TCP_NODELAY
  // holds its request back.
  const bool done = step.status == HandshakeStatus::done;
  const bool request_is_here = !received.empty();
  if (done && !request_is_here) on_established();
  step.produced = outbox.end();
  if (done && request_is_here) on_established();
  return step;
}

ApplicationProtocol protocol_of(const SSL* ssl) {
  const std::uint8_t* name = nullptr;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(ssl, &name, &bytes);
  const std::string_view chosen(reinterpret_cast<const char*>(name), bytes);
  for (const auto known : {ApplicationProtocol::http_1_1, ApplicationProtocol::h2}) {
    if (chosen == alpn_name(known)) return known;
  }
  return ApplicationProtocol::none;
}

std::vector<std::string> names_of_client(const SSL* ssl) {
  const STACK_OF(CRYPTO_BUFFER)* chain = SSL_get0_peer_certificates(ssl);
  if (chain == nullptr || sk_CRYPTO_BUFFER_num(chain) == 0) return {};
  const CRYPTO_BUFFER* leaf = sk_CRYPTO_BUFFER_value(chain, 0);
  return client_names(std::as_bytes(std::span(CRYPTO_BUFFER_data(leaf), CRYPTO_BUFFER_len(leaf))));
}

void Session::Connection::on_established() {
  const SSL* ssl = library->ssl();
  established = true;
  resumed = SSL_session_reused(ssl) == 1;
  version = static_cast<std::uint16_t>(SSL_version(ssl));
  cipher_suite = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl));
  protocol = protocol_of(ssl);
  if (!is_client && library->server().client_anchors != nullptr) names = names_of_client(ssl);
  ++(resumed ? workspace.count().handshakes_resumed : workspace.count().handshakes_full);
  if (version == TLS1_3_VERSION) take_over();
}

void Session::Connection::take_over() {
  const auto suite = record_suite(cipher_suite);
  if (!suite) return;
  if (!is_client) library->flush();
  const SSL* ssl = library->ssl();
  HEADRACE_CHECK(SSL_has_pending(ssl) == 0, "the library reads no further than a record");
  records.emplace(RecordLayerStart{.suite = *suite,
                                   .secrets = library->secrets(),
                                   .is_client = is_client,
                                   .read_sequence = SSL_get_read_sequence(ssl),
                                   .write_sequence = SSL_get_write_sequence(ssl)},
                  workspace);
  if (!is_client) library.reset();
}

// --- records ------------------------------------------------------------------------------------

ReadStep Session::Connection::read(std::span<std::byte>& received, std::span<std::byte> into) {
  HEADRACE_CHECK(established, "nothing can be read before the handshake is done");
  if (failure != Failure::none || read_closed) {
    received = {};
    return {.status = read_closed ? ReadStatus::closed : ReadStatus::failed};
  }
  ReadStep step = records ? records->read(received, into, library != nullptr ? this : nullptr)
                          : library->read(received, into);
  switch (step.status) {
    case ReadStatus::plaintext:
      // Tickets come before the first answer, or hardly ever.
      if (records && library != nullptr) library.reset();
      break;
    case ReadStatus::wants_ciphertext:
      break;
    case ReadStatus::closed:
      read_closed = true;
      received = {};
      break;
    case ReadStatus::failed:
      received = {};
      fail(records ? records->failure() : library->failure(),
           records ? records->peer_alert() : library->peer_alert());
      break;
  }
  return step;
}

Failure Session::Connection::received_end() {
  if (read_closed || failure != Failure::none) return failure;
  fail(established ? Failure::truncated : Failure::peer_closed_early);
  // Nobody is there to be told.
  write_closed = true;
  return failure;
}

WriteStep Session::Connection::write(std::span<const iovec> plaintext, std::span<std::byte> room) {
  HEADRACE_CHECK(established, "nothing can be written before the handshake is done");
  HEADRACE_CHECK(room.size() >= kRoomBytesMin);
  WriteStep step{.failed = true};
  outbox.begin(room);
  if (failure == Failure::none && !write_closed) {
    step = records ? records->write(plaintext, outbox) : write_by_library(plaintext);
  }
  step.produced = outbox.end();
  return step;
}

WriteStep Session::Connection::write_by_library(std::span<const iovec> plaintext) {
  WriteStep step;
  const std::size_t overhead = library->seal_overhead_max();
  std::size_t left = 0;
  for (const iovec& slice : plaintext)
    left += slice.iov_len;
  std::size_t offset = 0;
  while (left > 0 && outbox.free_room().size() > overhead) {
    while (plaintext[0].iov_len == offset) {
      plaintext = plaintext.subspan(1);
      offset = 0;
    }
    const std::size_t bytes_max =
        std::min({left, outbox.free_room().size() - overhead, kRecordPlaintextBytesMax});
    std::size_t sealed = library->write(plaintext, offset, bytes_max);
    if (sealed == 0) {
      fail(library->failure(), library->peer_alert());
      step.failed = true;
      return step;
    }
    step.consumed += sealed;
    left -= sealed;
    while (sealed > 0) {
      const std::size_t part = std::min(sealed, plaintext[0].iov_len - offset);
      offset += part;
      sealed -= part;
      if (offset == plaintext[0].iov_len && left + sealed > 0) {
        plaintext = plaintext.subspan(1);
        offset = 0;
      }
    }
  }
  return step;
}

std::size_t Session::Connection::close(std::span<std::byte> room) {
  HEADRACE_CHECK(room.size() >= kRoomBytesMin);
  outbox.begin(room);
  if (!std::exchange(write_closed, true)) {
    if (records) {
      records->close(outbox);
    } else if (established) {
      library->close();
    }
  }
  return outbox.end();
}

void Session::Connection::fail(Failure reason, std::uint8_t alert) {
  failure = reason;
  peer_alert = alert;
}

// --- the handle ---------------------------------------------------------------------------------

Session::~Session() = default;
Session::Session(Session&& other) noexcept = default;
Session& Session::operator=(Session&& other) noexcept = default;
Session::Session() = default;

Session Session::accept(std::shared_ptr<const ServerContext> context, Workspace& workspace) {
  Session session;
  session.connection_ = std::make_unique<Connection>(workspace);
  Connection& connection = *session.connection_;
  connection.library = Library::accept(std::move(context), connection.outbox, workspace.count());
  if (connection.library == nullptr) connection.failure = Failure::out_of_memory;
  return session;
}

Session Session::connect(std::shared_ptr<const ClientContext> context, Workspace& workspace,
                         ResumptionCache* resumption) {
  Session session;
  session.connection_ = std::make_unique<Connection>(workspace);
  Connection& connection = *session.connection_;
  connection.is_client = true;
  connection.library =
      Library::connect(std::move(context), resumption, connection.outbox, workspace.count());
  if (connection.library == nullptr) connection.failure = Failure::out_of_memory;
  return session;
}

HandshakeStep Session::handshake(std::span<std::byte>& received, std::span<std::byte> room) {
  return connection_->handshake(received, room);
}

std::unique_ptr<KeyOperation> Session::take_key_operation() {
  return connection_->library->take_key_operation();
}

void Session::complete_key_operation(std::unique_ptr<KeyOperation> operation) {
  connection_->library->complete_key_operation(std::move(operation));
}

ReadStep Session::read(std::span<std::byte>& received, std::span<std::byte> into) {
  return connection_->read(received, into);
}
Failure Session::received_end() {
  return connection_->received_end();
}
std::size_t Session::record_bytes_missing() const {
  const auto& records = connection_->records;
  return records ? records->record_bytes_missing() : 0;
}

WriteStep Session::write(std::span<const iovec> plaintext, std::span<std::byte> room) {
  return connection_->write(plaintext, room);
}

std::size_t Session::close(std::span<std::byte> room) {
  return connection_->close(room);
}

bool Session::established() const {
  return connection_->established;
}
Failure Session::failure() const {
  return connection_->failure;
}
std::uint8_t Session::peer_alert() const {
  return connection_->peer_alert;
}
bool Session::resumed() const {
  return connection_->resumed;
}
std::uint16_t Session::version() const {
  return connection_->version;
}
std::uint16_t Session::cipher_suite() const {
  return connection_->cipher_suite;
}
std::vector<std::string> Session::take_client_names() {
  return std::exchange(connection_->names, {});
}
ApplicationProtocol Session::application_protocol() const {
  return connection_->protocol;
}

}  // namespace headrace::net::tls

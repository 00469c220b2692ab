// One TLS connection, either end of it, without I/O: ciphertext in, plaintext out, and back.
//
// The transport hands in what it received and sends what comes out:
//
//      received slice --> handshake(received, room) --> room: bytes to send
//      received slice --> read(received, into)      --> plaintext, in place or in `into`
//      plaintext slices --> write(slices, room)     --> room: bytes to send
//      end of stream  --> received_end()            --> closed in order, or truncated
//                         close(room)               --> room: close_notify, or the fatal alert
//
// Threads:    one shard; the contexts may be shared.
// Memory:     received slices are lent for the call and are written to: records are decrypted where
//             they lie. What is left of an incomplete record is moved into memory of the session,
//             so after wants_ciphertext the slice is free. An idle established TLS 1.3 session is
//             its own few hundred bytes and no more.
// Zero copy:  of an established TLS 1.3 session each byte is decrypted once and encrypted once.
//             Besides that only records that span received slices, and slices to send below
//             kDirectSealBytes, are copied (Workspace counts the bytes).
// Blocking:   nothing waits. The longest step is one private-key operation in handshake(), and that
//             leaves the shard where the context says so (wants_key_operation).
// Failures:   final. failure() says why; close() yields the alert to send. Statuses other than
//             `failed` are never errors.
//
// Follows RFC 8446 (TLS 1.3) and, by the library, RFC 5246 with RFC 7905 (TLS 1.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/uio.h>

#include "net/tls/application_protocol.h"
#include "net/tls/client_context.h"
#include "net/tls/failure.h"
#include "net/tls/key_operation.h"
#include "net/tls/record_memory.h"
#include "net/tls/resumption_cache.h"
#include "net/tls/server_context.h"
#include "net/tls/workspace.h"

namespace headrace::net::tls {

// Plaintext of one record, RFC 8446 section 5.1.
inline constexpr std::size_t kRecordPlaintextBytesMax = 16384;
// What a record adds to its plaintext at most: header, explicit nonce or content type, tag.
inline constexpr std::size_t kRecordOverheadBytesMax = 5 + 8 + 1 + 16;
// The least room that write(), handshake() and close() must be given.
inline constexpr std::size_t kRoomBytesMin = 512;
// What an idle established TLS 1.3 session holds, for the memory plan.
inline constexpr std::size_t kIdleBytesPlanned = 512;
// The same of TLS 1.2, which stays with the library.
inline constexpr std::size_t kIdleBytesPlannedTls12 = 4096;
// What one in the middle of its handshake holds, waiting for the other side.
inline constexpr std::size_t kHandshakeBytesPlanned = 16'384;
// Slices of at least this size are encrypted from where they lie, in records of their own.
inline constexpr std::size_t kDirectSealBytes = 4096;

// Room that surely holds `plaintext_bytes` sealed from `slices` slices, with a key update.
[[nodiscard]] constexpr std::size_t sealed_bytes_max(std::size_t plaintext_bytes,
                                                     std::size_t slices) {
  return plaintext_bytes +
         (plaintext_bytes / kRecordPlaintextBytesMax + slices * 2 + 2) * kRecordOverheadBytesMax;
}

enum class HandshakeStatus : std::uint8_t {
  done,                 // established; `received` may hold bytes for read() already
  wants_ciphertext,     // all of `received` was taken
  wants_room,           // `room` is full: send it and call again
  wants_key_operation,  // take_key_operation(), run it elsewhere, complete_key_operation()
  failed,
};

struct HandshakeStep {
  HandshakeStatus status = HandshakeStatus::failed;
  std::size_t produced = 0;  // bytes of `room` to send, whatever the status
};

enum class ReadStatus : std::uint8_t {
  plaintext,         // some; call again, there may be more
  wants_ciphertext,  // all of `received` was taken
  closed,            // close_notify: the other side will send nothing more
  failed,
};

struct ReadStep {
  ReadStatus status = ReadStatus::failed;
  // Not empty with `plaintext`. It lies in `memory` where that is set, else where read() was told.
  std::span<std::byte> plaintext{};
  RecordMemory memory{};
};

struct WriteStep {
  bool failed = false;
  std::size_t consumed = 0;  // plaintext bytes sealed, from the front of the slices
  std::size_t produced = 0;  // bytes of `room` to send
};

class Session {
 public:
  Session();  // no connection: may only be assigned to
  static Session accept(std::shared_ptr<const ServerContext> context, Workspace& workspace);
  // `resumption` (may be null) outlives the session.
  static Session connect(std::shared_ptr<const ClientContext> context, Workspace& workspace,
                         ResumptionCache* resumption = nullptr);
  ~Session();
  Session(Session&& other) noexcept;
  Session& operator=(Session&& other) noexcept;

  // Goes as far as it can; takes bytes from the front of `received`. The side that connects calls
  // it with nothing received to begin.
  HandshakeStep handshake(std::span<std::byte>& received, std::span<std::byte> room);
  [[nodiscard]] std::unique_ptr<KeyOperation> take_key_operation();
  void complete_key_operation(std::unique_ptr<KeyOperation> operation);

  // The next plaintext; takes bytes from the front of `received`. After the handshake only.
  // Where `into` has room for it and what its record adds, it is decrypted into there (which must
  // not overlap `received`; bytes behind the plaintext may be written). Otherwise it is decrypted
  // where it lies.
  ReadStep read(std::span<std::byte>& received, std::span<std::byte> into = {});
  // The transport saw the end of the stream: Failure::none after a close_notify.
  Failure received_end();
  // How many bytes complete the record begun, as far as known; 0 between records.
  [[nodiscard]] std::size_t record_bytes_missing() const;

  // Seals as much as `room` holds. After the handshake only.
  WriteStep write(std::span<const iovec> plaintext, std::span<std::byte> room);
  // The last bytes to send: the fatal alert of a failure, otherwise close_notify; once.
  std::size_t close(std::span<std::byte> room);

  [[nodiscard]] bool established() const;
  [[nodiscard]] Failure failure() const;
  // The alert that ended the session, with Failure::peer_alert.
  [[nodiscard]] std::uint8_t peer_alert() const;
  // After the handshake.
  [[nodiscard]] bool resumed() const;
  [[nodiscard]] std::uint16_t version() const;       // 0x0303 or 0x0304
  [[nodiscard]] std::uint16_t cipher_suite() const;  // IANA's number
  [[nodiscard]] ApplicationProtocol application_protocol() const;
  // Of the certificate that the client showed and that was verified; once.
  [[nodiscard]] std::vector<std::string> take_client_names();

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace headrace::net::tls

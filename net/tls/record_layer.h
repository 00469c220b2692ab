// TLS 1.3 after the handshake, without the library: RFC 8446 sections 4.6, 5 and 6.
//
// Why it is ours: the library copies every received byte twice and every sent byte once besides
// the cryptography, and keeps some three kilobytes a connection. Here a record is opened where it
// was received and sealed from where it lies, and an idle connection is two short keys.
//
// What it knows: application data, alerts, KeyUpdate both ways, NewSessionTicket (handed on).
// Anything else after a handshake is a failure. It never renegotiates, has no early data, and
// never sends a record that is not application data, an alert or a KeyUpdate.
//
// Threads:    one shard.
// Invariants: bytes of a record that does not authenticate are never shown; after a failure nothing
//             is opened or sealed but the one alert; runs of records that carry nothing are
//             bounded.
// Memory:     a record that spans slices is put together in memory of its own, at most one record.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <sys/uio.h>

#include "net/tls/failure.h"
#include "net/tls/outbox.h"
#include "net/tls/post_handshake.h"
#include "net/tls/record_key.h"
#include "net/tls/session.h"

namespace headrace::net::tls {

// Records in a row that carry no application data: alerts, empty ones, key updates, tickets.
inline constexpr unsigned kControlRecordsMax = 32;

struct RecordLayerStart {
  RecordSuite suite = RecordSuite::aes_128_gcm_sha256;
  TrafficSecrets secrets;
  bool is_client = false;           // we are the side that connected
  std::uint64_t read_sequence = 0;  // records that the handshake has used already
  std::uint64_t write_sequence = 0;
};

class RecordLayer {
 public:
  RecordLayer(const RecordLayerStart& start, Workspace& workspace,
              std::uint64_t records_per_key_max = kRecordsPerKeyMax);
  ~RecordLayer();
  RecordLayer(const RecordLayer&) = delete;
  RecordLayer& operator=(const RecordLayer&) = delete;

  // As Session's of the same names. `tickets` may be null.
  ReadStep read(std::span<std::byte>& received, std::span<std::byte> into, TicketSink* tickets);
  WriteStep write(std::span<const iovec> plaintext, Outbox& outbox);
  void close(Outbox& outbox);
  [[nodiscard]] std::size_t record_bytes_missing() const;

  [[nodiscard]] Failure failure() const { return failure_; }
  [[nodiscard]] std::uint8_t peer_alert() const { return peer_alert_; }

 private:
  enum class Verdict : std::uint8_t { deliver, skip, closed, failed };

  // The next whole record, header included; none: more is needed, or failed.
  std::optional<std::span<std::byte>> next_record(std::span<std::byte>& received);
  bool judge_header(std::span<const std::byte> header, std::size_t& record_bytes);
  Verdict judge(std::span<std::byte> inner, std::span<std::byte>& content, TicketSink* tickets);
  Verdict judge_alert(std::span<const std::byte> alert);
  Verdict judge_handshake(std::span<const std::byte> messages, TicketSink* tickets);
  Verdict fail(Failure failure, std::uint8_t alert);
  void send_control(std::uint8_t content_type, std::span<const std::byte> content, Outbox& outbox);
  void send_key_update(Outbox& outbox);

  Workspace& workspace_;
  RecordKey read_key_;
  RecordKey write_key_;
  std::uint64_t records_per_key_max_;
  RecordMemory partial_;             // header and body of a record begun in earlier slices
  std::uint32_t partial_bytes_ = 0;  // of it, received; its header alone may be held without memory
  std::uint32_t record_bytes_ = 0;   // of it, in all; 0 while the header is incomplete
  std::array<std::byte, kRecordHeaderBytes> header_{};
  PostHandshake post_handshake_;
  std::uint8_t control_records_ = 0;  // since the last application data
  std::uint8_t alert_ = 0;            // to be sent by close()
  std::uint8_t peer_alert_ = 0;
  Failure failure_ = Failure::none;
  bool owes_key_update_ = false;
  bool read_closed_ = false;
  bool write_closed_ = false;
};

}  // namespace headrace::net::tls

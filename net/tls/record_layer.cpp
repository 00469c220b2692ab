#include "net/tls/record_layer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/check.h"

namespace headrace::net::tls {
namespace {

// Content types, RFC 8446 section 5.1.
constexpr std::uint8_t kAlert = 21;
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kApplicationData = 23;

// Alerts, section 6.
constexpr std::uint8_t kCloseNotify = 0;
constexpr std::uint8_t kUnexpectedMessage = 10;
constexpr std::uint8_t kBadRecordMac = 20;
constexpr std::uint8_t kRecordOverflow = 22;
constexpr std::uint8_t kIllegalParameter = 47;
constexpr std::uint8_t kDecodeError = 50;
constexpr std::uint8_t kUserCanceled = 90;
constexpr std::byte kWarning{1};
constexpr std::byte kFatal{2};

// update_not_requested: the other side decides about its own direction. Section 4.6.3.
constexpr std::array<std::byte, 5> kKeyUpdateMessage = {std::byte{24}, std::byte{0}, std::byte{0},
                                                        std::byte{1}, std::byte{0}};

constexpr std::size_t kCiphertextBytesMax = kRecordPlaintextBytesMax + 256;  // section 5.2
constexpr std::size_t kRecordBytesAdded = kRecordHeaderBytes + 1 + kRecordTagBytes;
static_assert(kRecordBytesAdded <= kRecordOverheadBytesMax);
static_assert(kRoomBytesMin >
              2 * (kKeyUpdateMessage.size() + kRecordBytesAdded) + kRecordBytesAdded);

// A record smaller than this is not worth its overhead at the end of the room.
constexpr std::size_t kLastRecordBytesMin = 1024;

std::uint8_t number(std::byte byte) {
  return std::to_integer<std::uint8_t>(byte);
}

}  // namespace

RecordLayer::RecordLayer(const RecordLayerStart& start, Workspace& workspace,
                         std::uint64_t records_per_key_max)
    : workspace_(workspace),
      read_key_(start.suite, start.is_client ? start.secrets.server : start.secrets.client,
                start.read_sequence),
      write_key_(start.suite, start.is_client ? start.secrets.client : start.secrets.server,
                 start.write_sequence),
      records_per_key_max_(records_per_key_max),
      post_handshake_(start.is_client) {}

RecordLayer::~RecordLayer() {
  read_key_.retire(workspace_);
  write_key_.retire(workspace_);
}

// --- receiving ----------------------------------------------------------------------------------

ReadStep RecordLayer::read(std::span<std::byte>& received, std::span<std::byte> into,
                           TicketSink* tickets) {
  while (failure_ == Failure::none && !read_closed_) {
    const auto record = next_record(received);
    if (!record) {
      if (failure_ != Failure::none) break;
      return {.status = ReadStatus::wants_ciphertext};
    }
    RecordMemory memory = std::move(partial_);
    partial_bytes_ = record_bytes_ = 0;
    const auto inner = read_key_.open(*record, into, workspace_);
    if (!inner) {
      fail(Failure::bad_record_mac, kBadRecordMac);
      break;
    }
    std::span<std::byte> content;
    if (judge(*inner, content, tickets) == Verdict::deliver) {
      workspace_.count().bytes_opened += content.size();
      if (content.data() == into.data()) memory.reset();
      return {.status = ReadStatus::plaintext, .plaintext = content, .memory = std::move(memory)};
    }
  }
  received = {};
  return {.status = failure_ != Failure::none ? ReadStatus::failed : ReadStatus::closed};
}

// Whole records are used where they lie. The first bytes of one that is not whole are kept: its
// header in place, and once that tells its length, all of it in memory of its own.
std::optional<std::span<std::byte>> RecordLayer::next_record(std::span<std::byte>& received) {
  if (received.empty()) return std::nullopt;
  if (partial_bytes_ == 0 && received.size() >= kRecordHeaderBytes) {
    std::size_t size = 0;
    if (!judge_header(received.first(kRecordHeaderBytes), size)) return std::nullopt;
    if (received.size() >= size) {
      const std::span<std::byte> record = received.first(size);
      received = received.subspan(size);
      return record;
    }
  }
  if (partial_bytes_ < kRecordHeaderBytes) {
    const std::size_t part = std::min(kRecordHeaderBytes - partial_bytes_, received.size());
    std::memcpy(header_.data() + partial_bytes_, received.data(), part);
    partial_bytes_ += static_cast<std::uint32_t>(part);
    received = received.subspan(part);
    if (partial_bytes_ < kRecordHeaderBytes) return std::nullopt;
    std::size_t size = 0;
    if (!judge_header(header_, size)) return std::nullopt;
    record_bytes_ = static_cast<std::uint32_t>(size);
  }
  if (received.empty()) return std::nullopt;
  if (partial_ == nullptr) {
    partial_ = allocate_record(record_bytes_);
    std::memcpy(partial_.get(), header_.data(), kRecordHeaderBytes);
  }
  const std::size_t part = std::min<std::size_t>(record_bytes_ - partial_bytes_, received.size());
  std::memcpy(partial_.get() + partial_bytes_, received.data(), part);
  partial_bytes_ += static_cast<std::uint32_t>(part);
  received = received.subspan(part);
  workspace_.count().bytes_copied_in += part;
  if (partial_bytes_ < record_bytes_) return std::nullopt;
  return std::span<std::byte>(partial_.get(), record_bytes_);
}

// All records after a handshake look like application data of TLS 1.2.
bool RecordLayer::judge_header(std::span<const std::byte> header, std::size_t& record_bytes) {
  const std::size_t body = std::size_t{number(header[3])} << 8 | number(header[4]);
  if (number(header[0]) != kApplicationData) {
    fail(Failure::malformed, kUnexpectedMessage);
  } else if (number(header[1]) != 3 || number(header[2]) != 3) {
    fail(Failure::malformed, kDecodeError);
  } else if (body > kCiphertextBytesMax) {
    fail(Failure::record_overflow, kRecordOverflow);
  } else if (body < 1 + kRecordTagBytes) {
    fail(Failure::bad_record_mac, kBadRecordMac);
  }
  record_bytes = kRecordHeaderBytes + body;
  return failure_ == Failure::none;
}

std::size_t RecordLayer::record_bytes_missing() const {
  if (partial_bytes_ == 0) return 0;
  return (record_bytes_ != 0 ? record_bytes_ : kRecordHeaderBytes) - partial_bytes_;
}

RecordLayer::Verdict RecordLayer::judge(std::span<std::byte> inner, std::span<std::byte>& content,
                                        TicketSink* tickets) {
  // The content type is the last byte that is not padding; there must be one (section 5.4).
  std::size_t end = inner.size();
  while (end > 0 && inner[end - 1] == std::byte{0})
    --end;
  if (end == 0) return fail(Failure::malformed, kUnexpectedMessage);
  const std::uint8_t type = number(inner[end - 1]);
  content = inner.first(end - 1);
  if (inner.size() > kRecordPlaintextBytesMax + 1) {
    return fail(Failure::record_overflow, kRecordOverflow);
  }
  // Nothing may come between the parts of a handshake message (section 5.1).
  if (post_handshake_.within_message() && type != kHandshake)
    return fail(Failure::malformed, kUnexpectedMessage);
  if (type == kApplicationData && !content.empty()) {
    control_records_ = 0;
    return Verdict::deliver;
  }
  if (++control_records_ > kControlRecordsMax) {
    return fail(Failure::excess_control_records, kUnexpectedMessage);
  }
  switch (type) {
    case kApplicationData:
      return Verdict::skip;
    case kAlert:
      return judge_alert(content);
    case kHandshake:
      return judge_handshake(content, tickets);
    default:
      return fail(Failure::malformed, kUnexpectedMessage);
  }
}

// In TLS 1.3 every alert ends the connection but user_canceled (section 6.1).
RecordLayer::Verdict RecordLayer::judge_alert(std::span<const std::byte> alert) {
  if (alert.size() != 2) return fail(Failure::malformed, kDecodeError);
  const std::uint8_t description = number(alert[1]);
  if (description == kUserCanceled) return Verdict::skip;
  if (description == kCloseNotify) {
    read_closed_ = true;
    return Verdict::closed;
  }
  peer_alert_ = description;
  write_closed_ = true;  // an alert is not answered
  return fail(Failure::peer_alert, 0);
}

RecordLayer::Verdict RecordLayer::judge_handshake(std::span<const std::byte> messages,
                                                  TicketSink* tickets) {
  switch (post_handshake_.judge(messages, tickets)) {
    case PostHandshake::Verdict::fine:
      return Verdict::skip;
    case PostHandshake::Verdict::key_update:
      break;
    // Answered before the next record that we send (section 4.6.3), however often it was asked for.
    case PostHandshake::Verdict::key_update_requested:
      owes_key_update_ = true;
      break;
    case PostHandshake::Verdict::unexpected:
      return fail(Failure::malformed, kUnexpectedMessage);
    case PostHandshake::Verdict::undecodable:
      return fail(Failure::malformed, kDecodeError);
    case PostHandshake::Verdict::illegal:
      return fail(Failure::malformed, kIllegalParameter);
  }
  read_key_.update(workspace_);
  return Verdict::skip;
}

RecordLayer::Verdict RecordLayer::fail(Failure failure, std::uint8_t alert) {
  failure_ = failure;
  alert_ = alert;
  return Verdict::failed;
}

// --- sending ------------------------------------------------------------------------------------

namespace {

// A place in a list of slices.
struct Cursor {
  std::span<const iovec> slices;
  std::size_t offset = 0;  // within the first

  void skip_empty() {
    while (!slices.empty() && slices[0].iov_len == offset) {
      slices = slices.subspan(1);
      offset = 0;
    }
  }
  [[nodiscard]] std::span<const std::byte> piece() const {
    return {static_cast<const std::byte*>(slices[0].iov_base) + offset, slices[0].iov_len - offset};
  }
  void advance(std::size_t bytes) {
    offset += bytes;
    skip_empty();
  }
};

// How many bytes from here on go into one gathered record: neighbouring small slices. One piece
// alone, or a large one, is not gathered.
std::size_t gather_bytes(Cursor at, std::size_t bytes_max) {
  std::size_t total = 0;
  unsigned pieces = 0;
  while (!at.slices.empty() && total < bytes_max && at.piece().size() < kDirectSealBytes) {
    const std::size_t part = std::min(at.piece().size(), bytes_max - total);
    total += part;
    ++pieces;
    at.advance(part);
  }
  return pieces > 1 ? total : 0;
}

std::size_t copy_gathered(Cursor at, std::size_t bytes, std::byte* into) {
  std::size_t copied = 0;
  while (copied < bytes) {
    const std::size_t part = std::min(at.piece().size(), bytes - copied);
    std::memcpy(into + copied, at.piece().data(), part);
    copied += part;
    at.advance(part);
  }
  return copied;
}

}  // namespace

WriteStep RecordLayer::write(std::span<const iovec> plaintext, Outbox& outbox) {
  WriteStep step;
  if (failure_ != Failure::none || write_closed_) {
    step.failed = true;
    return step;
  }
  Cursor at{.slices = plaintext};
  at.skip_empty();
  while (!at.slices.empty()) {
    if (owes_key_update_ || write_key_.sequence() >= records_per_key_max_) {
      if (outbox.free_room().size() < kKeyUpdateMessage.size() + kRecordBytesAdded) break;
      send_key_update(outbox);
    }
    const std::span<std::byte> room = outbox.free_room();
    if (room.size() <= kRecordBytesAdded) break;
    const std::size_t bytes_max =
        std::min(room.size() - kRecordBytesAdded, kRecordPlaintextBytesMax);
    const std::size_t gathered = gather_bytes(at, bytes_max);
    const std::size_t size = gathered > 0 ? gathered : std::min(at.piece().size(), bytes_max);
    const bool cut_by_room = size == bytes_max && size < kLastRecordBytesMin;
    if (cut_by_room && step.consumed > 0) break;
    std::span<const std::byte> source = at.piece().first(std::min(size, at.piece().size()));
    if (gathered > 0) {
      std::byte* body = room.data() + kRecordHeaderBytes;
      workspace_.count().bytes_copied_out += copy_gathered(at, gathered, body);
      source = {body, gathered};
    }
    write_key_.seal(kApplicationData, source, room.first(size + kRecordBytesAdded), workspace_);
    outbox.use(size + kRecordBytesAdded);
    step.consumed += size;
    for (std::size_t left = size; left > 0;) {
      const std::size_t part = std::min(left, at.piece().size());
      at.advance(part);
      left -= part;
    }
  }
  return step;
}

void RecordLayer::send_control(std::uint8_t content_type, std::span<const std::byte> content,
                               Outbox& outbox) {
  std::array<std::byte, kKeyUpdateMessage.size() + kRecordBytesAdded> record;
  const std::span<std::byte> sealed(record.data(), content.size() + kRecordBytesAdded);
  write_key_.seal(content_type, content, sealed, workspace_);
  outbox.append(sealed);
}

void RecordLayer::send_key_update(Outbox& outbox) {
  send_control(kHandshake, kKeyUpdateMessage, outbox);
  write_key_.update(workspace_);
  owes_key_update_ = false;
}

void RecordLayer::close(Outbox& outbox) {
  if (std::exchange(write_closed_, true)) return;
  const bool failed = failure_ != Failure::none;
  const std::array<std::byte, 2> alert = {failed ? kFatal : kWarning,
                                          std::byte{failed ? alert_ : kCloseNotify}};
  send_control(kAlert, alert, outbox);
}

}  // namespace headrace::net::tls

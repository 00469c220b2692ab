// The TLS 1.3 record layer against a peer that holds the right keys and sends what it likes: what
// is delivered, and how it ends, must be what the slow reference below says, however the bytes are
// cut.
//
// Input: the side that we are and the cipher suite, the size of slices, then steps: a letter each,
// with its arguments (see Script::step). So a readable text is a script.
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls/record_layer.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

using namespace net::tls;

constexpr std::uint8_t kAlertType = 21;
constexpr std::uint8_t kHandshakeType = 22;
constexpr std::uint8_t kDataType = 23;

constexpr std::array kSuites = {RecordSuite::aes_128_gcm_sha256, RecordSuite::aes_256_gcm_sha384,
                                RecordSuite::chacha20_poly1305_sha256};

Secret secret_of(RecordSuite suite, std::uint8_t fill) {
  Secret secret;
  secret.size = suite == RecordSuite::aes_256_gcm_sha384 ? 48 : 32;
  secret.bytes.fill(fill);
  return secret;
}

// What the standard says, with whole strings and no regard for speed.
struct Reference {
  bool is_client = false;
  std::string delivered;
  std::vector<std::string> tickets;
  bool closed = false;
  Failure failure = Failure::none;
  unsigned key_updates = 0;
  unsigned idle_records = 0;
  std::string messages;  // a handshake message that has not ended

  [[nodiscard]] bool over() const { return closed || failure != Failure::none; }

  void record(std::string inner) {
    if (over()) return;
    if (inner.size() + kRecordTagBytes > kRecordPlaintextBytesMax + 256) {
      failure = Failure::record_overflow;
      return;
    }
    const std::size_t size = inner.size();
    while (!inner.empty() && inner.back() == '\0')
      inner.pop_back();
    if (inner.empty()) {
      failure = Failure::malformed;
      return;
    }
    const auto type = static_cast<std::uint8_t>(inner.back());
    inner.pop_back();
    if (size > kRecordPlaintextBytesMax + 1) {
      failure = Failure::record_overflow;
      return;
    }
    if (!messages.empty() && type != kHandshakeType) {
      failure = Failure::malformed;
      return;
    }
    if (type == kDataType && !inner.empty()) {
      idle_records = 0;
      delivered += inner;
    } else if (++idle_records > kControlRecordsMax) {
      failure = Failure::excess_control_records;
    } else if (type == kAlertType) {
      alert(inner);
    } else if (type == kHandshakeType) {
      handshake(inner);
    } else if (type != kDataType) {
      failure = Failure::malformed;
    }
  }

  void alert(const std::string& content) {
    if (content.size() != 2) {
      failure = Failure::malformed;
    } else if (content[1] == 0) {
      closed = true;
    } else if (content[1] != 90) {
      failure = Failure::peer_alert;
    }
  }

  void handshake(const std::string& content) {
    if (content.empty()) failure = Failure::malformed;
    const std::size_t earlier = messages.size();
    messages += content;
    std::size_t at = 0;
    while (failure == Failure::none && messages.size() - at >= 4) {
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(messages[at + i]); };
      const std::size_t body = byte(1) * 65536UL + byte(2) * 256UL + byte(3);
      const std::size_t left = messages.size() - at - 4;
      const bool whole_in_record = at >= earlier && left >= body;
      if (byte(0) == 4 && is_client && body <= (1 << 17)) {
        if (left < body) break;
        if (whole_in_record) tickets.push_back(messages.substr(at, 4 + body));
        at += 4 + body;
      } else if (byte(0) == 24 && at >= earlier && body == 1 && left == 1 && byte(4) <= 1) {
        ++key_updates;
        at += 5;
      } else {
        failure = Failure::malformed;
      }
    }
    messages.erase(0, at);
  }
};

class Tickets final : public TicketSink {
 public:
  void on_ticket(std::span<const std::byte> message) override {
    seen.emplace_back(reinterpret_cast<const char*>(message.data()), message.size());
  }
  std::vector<std::string> seen;
};

class Script {
 public:
  explicit Script(std::string_view input)
      : input_(input),
        is_client_(take() % 2 == 1),
        suite_(kSuites[take() % kSuites.size()]),
        slice_bytes_(take()),
        layer_(start(), shard_),
        peer_seals_(suite_, secret_of(suite_, is_client_ ? 2 : 1), 0),
        peer_opens_(suite_, secret_of(suite_, is_client_ ? 1 : 2), 0) {
    reference_.is_client = is_client_;
  }

  void run() {
    while (!input_.empty())
      step();
    FUZZ_CHECK(tickets_.seen == reference_.tickets);
    close();
  }

 private:
  std::uint8_t take() {
    if (input_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(input_.front());
    input_.remove_prefix(1);
    return byte;
  }
  std::string take(std::size_t bytes) {
    const std::string taken(input_.substr(0, bytes));
    input_.remove_prefix(taken.size());
    return taken;
  }
  RecordLayerStart start() const {
    RecordLayerStart made;
    made.suite = suite_;
    made.is_client = is_client_;
    made.secrets.client = secret_of(suite_, 1);
    made.secrets.server = secret_of(suite_, 2);
    return made;
  }

  void step() {
    switch (take() % 8) {
      case 0: {  // h: short data, padded
        const std::size_t padding = take() % 4;
        sealed(kDataType, take(take() % 32), padding);
        break;
      }
      case 1:  // a: long data; z is about the most that a record may hold
        sealed(kDataType, std::string(take() * 135UL, 'x'), take() * 2UL);
        break;
      case 2:  // b: handshake messages
        sealed(kHandshakeType, take(take() % 32), 0);
        break;
      case 3:  // c: an alert
        sealed(kAlertType, take(take() % 4), 0);
        break;
      case 4: {  // d: any content type
        const std::uint8_t type = take();
        sealed(type, take(take() % 8), take() % 2);
        break;
      }
      case 5:  // e: a key update as it should be
        sealed(kHandshakeType, {24, 0, 0, 1, static_cast<char>(take() % 2)}, 0);
        break;
      case 6:  // f: we write
        write(take() * 135UL + 1, kRoomBytesMin + take() * 256UL);
        break;
      default:  // g: what does not authenticate, to the end
        forged();
        break;
    }
  }

  void sealed(std::uint8_t type, const std::string& content, std::size_t padding) {
    if (reference_.over()) return;
    const std::string inner = content + static_cast<char>(type) + std::string(padding, '\0');
    const unsigned updates = reference_.key_updates;
    reference_.record(inner);
    // Sealing takes the content type last: with padding that is the last zero.
    std::string record(kRecordHeaderBytes + inner.size() + kRecordTagBytes, '\0');
    const auto body = std::as_bytes(std::span(inner)).first(inner.size() - 1);
    peer_seals_.seal(static_cast<std::uint8_t>(inner.back()), body,
                     std::as_writable_bytes(std::span(record)), peer_shard_);
    if (reference_.key_updates != updates) peer_seals_.update(peer_shard_);
    receive(record);
    FUZZ_CHECK(delivered_ == reference_.delivered);
    FUZZ_CHECK(layer_.failure() == reference_.failure);
    FUZZ_CHECK((last_ == ReadStatus::closed) == reference_.closed);
  }

  void forged() {
    const std::string before = delivered_;
    const std::size_t at = take();
    std::string bytes = take(input_.size());
    if (at % 2 == 1) {
      // A true record with one bit changed.
      std::string record(kRecordHeaderBytes + 9 + kRecordTagBytes, '\0');
      constexpr std::string_view kText = "eight by";
      peer_seals_.seal(kDataType, std::as_bytes(std::span(kText)),
                       std::as_writable_bytes(std::span(record)), peer_shard_);
      record[at % record.size()] = static_cast<char>(record[at % record.size()] ^ (1 << at % 8));
      bytes.insert(0, record);
    }
    receive(bytes);
    FUZZ_CHECK(delivered_ == before);
  }

  // In slices of memory of exactly their size.
  void receive(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t size =
          std::min<std::size_t>(bytes.size(), slice_bytes_ == 0 ? bytes.size() : slice_bytes_);
      const auto memory = std::make_unique<std::byte[]>(size);
      std::memcpy(memory.get(), bytes.data(), size);
      bytes.remove_prefix(size);
      std::span<std::byte> rest(memory.get(), size);
      ReadStep read;
      while (true) {
        read = layer_.read(rest, {}, &tickets_);
        if (read.status != ReadStatus::plaintext) break;
        FUZZ_CHECK(!read.plaintext.empty());
        delivered_.append(reinterpret_cast<const char*>(read.plaintext.data()),
                          read.plaintext.size());
      }
      last_ = read.status;
      FUZZ_CHECK(rest.empty());
      FUZZ_CHECK((last_ == ReadStatus::failed) == (layer_.failure() != Failure::none));
    }
  }

  void write(std::size_t bytes, std::size_t room_bytes) {
    const std::string text(bytes, 'w');
    const std::array<iovec, 3> slices = {iovec{const_cast<char*>(text.data()), bytes / 3},
                                         iovec{const_cast<char*>(text.data()), 0},
                                         iovec{const_cast<char*>(text.data()), bytes - bytes / 3}};
    const auto room = std::make_unique<std::byte[]>(room_bytes);
    outbox_.begin({room.get(), room_bytes});
    const WriteStep step = layer_.write(slices, outbox_);
    const std::size_t used = outbox_.end();
    FUZZ_CHECK(step.failed == (layer_.failure() != Failure::none));
    FUZZ_CHECK(step.failed || step.consumed > 0);
    FUZZ_CHECK(step.consumed <= bytes);
    FUZZ_CHECK(peer_reads({room.get(), used}) == text.substr(0, step.consumed));
  }

  // What the peer makes of our bytes: whole, valid records only.
  std::string peer_reads(std::span<std::byte> bytes) {
    std::string text;
    while (!bytes.empty()) {
      FUZZ_CHECK(bytes.size() > kRecordHeaderBytes);
      const std::size_t size = kRecordHeaderBytes + std::to_integer<std::size_t>(bytes[3]) * 256 +
                               std::to_integer<std::size_t>(bytes[4]);
      FUZZ_CHECK(size <= bytes.size());
      const auto inner = peer_opens_.open(bytes.first(size), {}, peer_shard_);
      FUZZ_CHECK(inner.has_value());
      FUZZ_CHECK(inner->size() <= kRecordPlaintextBytesMax + 1);
      const auto type = std::to_integer<std::uint8_t>(inner->back());
      const std::string_view content(reinterpret_cast<const char*>(inner->data()),
                                     inner->size() - 1);
      if (type == kDataType) {
        text += content;
      } else if (type == kHandshakeType) {
        FUZZ_CHECK(content == std::string_view("\x18\0\0\1\0", 5));
        peer_opens_.update(peer_shard_);
      } else {
        FUZZ_CHECK(type == kAlertType);
        FUZZ_CHECK(content.size() == 2);
        text += "<alert>";
      }
      bytes = bytes.subspan(size);
    }
    return text;
  }

  void close() {
    std::array<std::byte, kRoomBytesMin> room;
    outbox_.begin(room);
    layer_.close(outbox_);
    layer_.close(outbox_);
    const std::string said = peer_reads(std::span(room).first(outbox_.end()));
    FUZZ_CHECK(said == (layer_.failure() == Failure::peer_alert ? "" : "<alert>"));
  }

  std::string_view input_;
  bool is_client_;
  RecordSuite suite_;
  std::size_t slice_bytes_;
  Workspace shard_{2};
  Workspace peer_shard_{2};
  Outbox outbox_;
  Tickets tickets_;
  RecordLayer layer_;
  RecordKey peer_seals_;
  RecordKey peer_opens_;
  Reference reference_;
  std::string delivered_;
  ReadStatus last_ = ReadStatus::wants_ciphertext;
};

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  headrace::fuzz::Script({reinterpret_cast<const char*>(data), size}).run();
  return 0;
}

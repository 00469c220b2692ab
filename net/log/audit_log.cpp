#include "net/log/audit_log.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "core/check.h"
#include "net/log/line_writer.h"

namespace headrace::net {

namespace {

constexpr std::uint32_t kAuditRecordKind = 2;
constexpr std::size_t kTextBytesMax = 255;
constexpr std::size_t kTexts = 8;

// As they stand in the ring: the head, its texts, then each decision with its two texts.
struct RecordHead {
  AuditFacts facts;
  std::array<std::uint8_t, kTexts> text_bytes;
  std::uint8_t decisions;
};
struct DecisionHead {
  core::Duration after;
  policy::Stage stage;
  policy::Decided decided;
  std::uint8_t rule_bytes;
  std::uint8_t why_bytes;
};
static_assert(std::is_trivially_copyable_v<RecordHead>);
static_assert(std::is_trivially_copyable_v<DecisionHead>);
// Each byte may become six; what else a line has is names and numbers.
static_assert((kTexts + 2) * kTextBytesMax * 6 + 768 <= kAuditLineBytesMax);

std::uint8_t cut(std::string_view text) {
  return static_cast<std::uint8_t>(std::min(text.size(), kTextBytesMax));
}

class Putter {
 public:
  explicit Putter(std::byte* at) : at_(at) {}
  template <class Value>
  void value(const Value& value) {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }
  void text(std::string_view text) {
    const std::size_t bytes = cut(text);
    if (bytes == 0) return;  // its address may be null, which memcpy must not see
    std::memcpy(at_, text.data(), bytes);
    at_ += bytes;
  }

 private:
  std::byte* at_;
};

class Taker {
 public:
  explicit Taker(std::span<const std::byte> rest) : rest_(rest) {}
  template <class Value>
  bool value(Value& value) {
    if (rest_.size() < sizeof value) return false;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_ = rest_.subspan(sizeof value);
    return true;
  }
  bool text(std::size_t bytes, std::string_view& text) {
    if (rest_.size() < bytes) return false;
    text = {reinterpret_cast<const char*>(rest_.data()), bytes};
    rest_ = rest_.subspan(bytes);
    return true;
  }

 private:
  std::span<const std::byte> rest_;
};

void write_line(const AuditRecord& record, const policy::Decision& decision, std::size_t step,
                bool last, LineWriter& line) {
  constexpr std::int64_t kNanosPerMicro = 1000;
  std::array<char, PeerAddress::kTextBytesMax> peer;
  line.raw("{\"time\":\"");
  line.time(record.ended_at);
  line.raw("\"");
  line.plain(",\"request_id\":\"", record.request_id);
  line.number(",\"step\":", static_cast<std::int64_t>(step));
  line.plain(",\"stage\":\"", policy::name(decision.stage));
  line.plain(",\"decision\":\"", policy::name(decision.decided));
  line.text(",\"rule\":\"", decision.rule);
  line.text(",\"why\":\"", decision.why);
  line.number(",\"after_us\":", decision.after.count() / kNanosPerMicro);
  line.plain(",\"peer\":\"", record.peer.text(peer));
  line.text(",\"tenant\":\"", record.tenant);
  line.text(",\"key\":\"", record.key);
  line.text(",\"user\":\"", record.user);
  line.plain(",\"method\":\"", http::method_text(record.method));
  line.text(",\"path\":\"", record.path);
  line.plain(",\"endpoint\":\"", policy::to_text(record.endpoint));
  line.text(",\"model\":\"", record.model);
  line.text(",\"route\":\"", record.route);
  line.text(",\"provider\":\"", record.provider);
  line.number(",\"status\":", record.status);
  line.flag(",\"last\":true", last);
  if (last) line.number_if_any(",\"decisions_left_out\":", record.beyond);
  line.number(",\"shard\":", record.shard);
  line.raw("}\n");
}

}  // namespace

bool AuditLog::write(const AuditRecord& record) {
  const std::array<std::string_view, kTexts> texts = {
      record.request_id, record.path,  record.tenant, record.key,
      record.user,       record.model, record.route,  record.provider};
  RecordHead head;
  head.facts = record;
  head.decisions = static_cast<std::uint8_t>(record.decisions.size());
  std::size_t bytes = sizeof head;
  for (std::size_t i = 0; i < kTexts; ++i) {
    head.text_bytes[i] = cut(texts[i]);
    bytes += head.text_bytes[i];
  }
  for (const policy::Decision& decision : record.decisions)
    bytes += sizeof(DecisionHead) + cut(decision.rule) + cut(decision.why);
  const std::span<std::byte> room = reserve(bytes);
  if (room.empty()) return false;
  Putter put(room.data());
  put.value(head);
  for (const std::string_view text : texts)
    put.text(text);
  for (const policy::Decision& decision : record.decisions) {
    put.value(DecisionHead{.after = decision.after,
                           .stage = decision.stage,
                           .decided = decision.decided,
                           .rule_bytes = cut(decision.rule),
                           .why_bytes = cut(decision.why)});
    put.text(decision.rule);
    put.text(decision.why);
  }
  commit(kAuditRecordKind, bytes);
  return true;
}

std::size_t write_audit_lines(std::span<const std::byte> bytes, std::span<char> out) {
  HEADRACE_CHECK(out.size() >= kAuditLinesBytesMax);
  Taker take(bytes);
  RecordHead head;
  AuditRecord record;
  if (!take.value(head) || head.decisions > policy::DecisionTrail::kDecisionsMax) return 0;
  static_cast<AuditFacts&>(record) = head.facts;
  const std::array<std::string_view*, kTexts> texts = {
      &record.request_id, &record.path,  &record.tenant, &record.key,
      &record.user,       &record.model, &record.route,  &record.provider};
  for (std::size_t i = 0; i < kTexts; ++i) {
    if (!take.text(head.text_bytes[i], *texts[i])) return 0;
  }
  LineWriter line(out.data());
  for (std::size_t i = 0; i < head.decisions; ++i) {
    DecisionHead about;
    policy::Decision decision;
    if (!take.value(about) || !take.text(about.rule_bytes, decision.rule) ||
        !take.text(about.why_bytes, decision.why)) {
      return 0;
    }
    decision.after = about.after;
    decision.stage = about.stage;
    decision.decided = about.decided;
    write_line(record, decision, i + 1, i + 1U == head.decisions, line);
  }
  return static_cast<std::size_t>(line.at() - out.data());
}

}  // namespace headrace::net

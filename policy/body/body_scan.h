// Judges a request body and finds its facts, all at once or slice by slice while it arrives.
//
// Every byte is looked at exactly once: syntax (RFC 8259), UTF-8, depth, and duplicates of the keys
// that decide something are judged on the whole body, so that policy and provider see the same
// request. A key written with escapes is the same key; one that differs in letter case only, which
// some servers take for the same, is refused.
//
// Threads:    one scan belongs to one request on one shard. No allocation, ever.
// Lifetime:   the body must be one contiguous run of bytes; it may move between calls (offsets are
//             kept, not pointers), but bytes already scanned must not change.
// Padding:    none needed behind the body.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "core/check.h"
#include "policy/body/body_error.h"
#include "policy/body/body_facts.h"
#include "policy/body/byte_range.h"
#include "policy/body/request_fields.h"
#include "policy/dialect/endpoint.h"
#include "policy/estimate/text_scan.h"
#include "policy/json/json_walker.h"

namespace headrace::policy {

// Scanned in one turn at most: well under a millisecond whatever the bytes are.
inline constexpr std::size_t kScanTurnBytes = std::size_t{64} * 1024;

struct BodyLimits {
  std::uint32_t depth_max = kJsonDepthMax;  // 1 .. kJsonDepthMax
  std::uint32_t body_bytes_max = 32U * 1024 * 1024;
  // Count what the prompt's text looks like (text_counts()), for an estimate of its tokens. It
  // costs more than all the rest: only for whom something hangs on it.
  bool count_text = true;
};

class BodyScan final : private JsonSink {
 public:
  BodyScan() = default;
  BodyScan(Endpoint endpoint, const BodyLimits& limits) { start(endpoint, limits); }

  // `endpoint` is one that takes a JSON body (EndpointMatch::needs_json_body), or one without
  // rules, of whose body nothing is known but what it names (request_fields.h).
  void start(Endpoint endpoint, const BodyLimits& limits);

  // `body` is all that has arrived, from the first byte on. Scans what is new, at most
  // kScanTurnBytes of it: call again while scanned() < body.size(). After an error the scan is
  // over.
  [[nodiscard]] std::expected<void, BodyError> advance(std::span<const std::byte> body);

  // Bytes judged so far.
  [[nodiscard]] std::size_t scanned() const { return static_cast<std::size_t>(walker_.offset()); }

  // After the whole body was scanned: its facts.
  [[nodiscard]] std::expected<BodyFacts, BodyError> finish() const;
  // What the model has to read: the prompt, instructions and tools. `body` is the whole body once
  // more: the text of a small one is counted only now, so that who is refused before costs less.
  [[nodiscard]] TextCounts text_counts(std::span<const std::byte> body);

 private:
  static constexpr std::uint64_t kNoText = ~std::uint64_t{0};
  static constexpr std::size_t kPutOffBytesMax = std::size_t{16} * 1024;
  static constexpr std::size_t kPutOffMax = 8;

  struct Text {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool media_allowed = false;
  };

  // The Responses input item that is being walked: what stands behind the keys by which it is
  // judged at its end (RequestField::entry_type and those behind it). Only few items must be.
  static constexpr std::size_t kEntryNotes = 8;
  struct EntryNote {
    ByteRange value;
    JsonType type = JsonType::null;
    bool is_empty_list = false;
  };
  struct Entry {
    std::uint32_t told = 0;                    // a bit for each of those keys that stood there
    std::array<EntryNote, kEntryNotes> notes;  // of those that did
  };

  bool on_json(const JsonStep& step) override;
  bool take(const JsonStep& step, StringFact& fact);
  bool take(const JsonStep& step, BoolFact& fact);
  bool take(const JsonStep& step, CountFact& fact);
  bool take(const JsonStep& step, ObjectFact& fact);
  bool take_model(const JsonStep& step);
  bool take_batch_model(const JsonStep& step);
  bool note_first(const JsonStep& step);
  void note_reference(const JsonStep& step);
  bool take_field(const JsonStep& step);
  bool note_of_entry(const JsonStep& step);
  void judge_entry();
  [[nodiscard]] EntryNote note(RequestField field) const;
  [[nodiscard]] static bool says_something(const EntryNote& note);
  [[nodiscard]] bool is_named_only() const;
  bool take_text(const JsonStep& step, bool media_allowed);
  void end_text(std::uint64_t end);
  void count_text(std::uint64_t end);
  void count_put_off();
  bool refuse(const JsonStep& step, BodyErrorKind kind, MessageId message);
  [[nodiscard]] BodyError translate(const JsonFault& fault) const;

  JsonWalker walker_;
  bool counts_text_ = false;
  TextScan text_;
  std::uint64_t text_from_ = kNoText;  // what was not counted yet of a text that is being walked
  bool media_allowed_ = false;         // in it
  std::uint8_t put_off_count_ = 0;
  std::array<Text, kPutOffMax> put_off_{};  // texts that were walked, and are counted later
  const JsonFields* fields_ = nullptr;
  std::span<const std::byte> body_;  // during advance()
  std::uint64_t seen_ = 0;           // one bit per field, to find duplicates
  Entry entry_;
  std::uint32_t body_bytes_max_ = 0;
  BodyError error_;
  BodyFacts facts_;
};

// The whole body in one go, whatever its size: the caller keeps to kScanTurnBytes.
[[nodiscard]] std::expected<BodyFacts, BodyError> scan_body(std::span<const std::byte> body,
                                                            Endpoint endpoint,
                                                            const BodyLimits& limits);

}  // namespace headrace::policy

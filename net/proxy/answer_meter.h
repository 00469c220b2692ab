// Reads usage from an answer as it passes: an event stream, a JSON document, or nothing.
//
// The readers are pure (policy/dialect); this only holds the one that fits, in place.
#pragma once

#include <variant>

#include "policy/dialect/stream_meter.h"
#include "policy/dialect/usage.h"
#include "policy/dialect/usage_scanner.h"

namespace headrace::net {

class AnswerMeter {
 public:
  void start_stream(policy::Endpoint endpoint, const policy::StreamOptions& options) {
    reader_.emplace<policy::StreamMeter>(endpoint, options);
  }
  void start_document(policy::Endpoint endpoint) {
    reader_.emplace<policy::UsageScanner>(endpoint);
  }

  [[nodiscard]] policy::StreamMeter* stream() { return std::get_if<policy::StreamMeter>(&reader_); }
  [[nodiscard]] policy::UsageScanner* document() {
    return std::get_if<policy::UsageScanner>(&reader_);
  }
  [[nodiscard]] bool active() const { return reader_.index() != 0; }

  [[nodiscard]] policy::Usage usage() const {
    if (const auto* stream = std::get_if<policy::StreamMeter>(&reader_)) return stream->usage();
    if (const auto* document = std::get_if<policy::UsageScanner>(&reader_)) {
      return document->usage();
    }
    return {};
  }
  [[nodiscard]] policy::RawUsage raw() const {
    if (const auto* stream = std::get_if<policy::StreamMeter>(&reader_)) return stream->raw();
    if (const auto* document = std::get_if<policy::UsageScanner>(&reader_)) return document->raw();
    return {};
  }

 private:
  std::variant<std::monostate, policy::StreamMeter, policy::UsageScanner> reader_;
};

}  // namespace headrace::net

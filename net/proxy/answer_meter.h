// Reads an answer as it passes: usage from an event stream or a JSON document, what an error says,
// or nothing.
//
// The readers are pure (policy/dialect); this only holds the one that fits, in place.
#pragma once

#include <variant>

#include "policy/dialect/provider_error.h"
#include "policy/dialect/stream_meter.h"
#include "policy/dialect/usage.h"
#include "policy/dialect/usage_scanner.h"

namespace headrace::net {

class AnswerMeter {
 public:
  void start_stream(policy::Endpoint endpoint, const policy::StreamOptions& options) {
    reader_.emplace<policy::StreamMeter>(endpoint, options);
  }
  // `pattern` outlives the answer.
  void start_document(policy::Endpoint endpoint, policy::AnswerPattern& pattern) {
    reader_.emplace<policy::UsageScanner>(endpoint, &pattern);
  }

  // Of an answer that is an error: nothing of it is ever billed.
  void start_error() { reader_.emplace<policy::ProviderErrorReader>().start(); }
  void stop() { reader_.emplace<std::monostate>(); }

  [[nodiscard]] policy::StreamMeter* stream() { return std::get_if<policy::StreamMeter>(&reader_); }
  [[nodiscard]] const policy::StreamMeter* stream() const {
    return std::get_if<policy::StreamMeter>(&reader_);
  }
  [[nodiscard]] policy::UsageScanner* document() {
    return std::get_if<policy::UsageScanner>(&reader_);
  }
  [[nodiscard]] policy::ProviderErrorReader* error() {
    return std::get_if<policy::ProviderErrorReader>(&reader_);
  }
  [[nodiscard]] const policy::ProviderErrorReader* error() const {
    return std::get_if<policy::ProviderErrorReader>(&reader_);
  }
  // Of a stream: the client has no part of an event whose rest is still to come.
  [[nodiscard]] bool forwarded_whole_events() const {
    const auto* stream = std::get_if<policy::StreamMeter>(&reader_);
    return stream == nullptr || stream->forwarded_whole_events();
  }
  // Usage is read.
  [[nodiscard]] bool active() const { return reader_.index() == 1 || reader_.index() == 2; }

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
  std::variant<std::monostate, policy::StreamMeter, policy::UsageScanner,
               policy::ProviderErrorReader>
      reader_;
};

}  // namespace headrace::net

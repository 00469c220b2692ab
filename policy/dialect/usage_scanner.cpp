#include "policy/dialect/usage_scanner.h"

#include <algorithm>
#include <utility>

namespace headrace::policy {

static_assert(sizeof(UsageScanner) <= 720);

void UsageScanner::start(Endpoint endpoint, AnswerPattern* pattern) {
  endpoint_ = endpoint;
  pattern_ = pattern;
  recognised_ = trailing_ = false;
  reader_ = {};
  walker_.start(answer_fields(endpoint), {});
}

void UsageScanner::feed(std::span<const std::byte> slice) {
  const std::string_view text(reinterpret_cast<const char*>(slice.data()), slice.size());
  AnswerPattern* const pattern = std::exchange(pattern_, nullptr);
  if (recognised_) {
    trailing_ |=
        std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x20; });
    return;
  }
  if (pattern != nullptr) {
    recognised_ = pattern->match(text, answer_fields(endpoint_), reader_);
    if (recognised_) return;
    reader_ = {};
  }
  // Once it is no JSON any more, the walker takes nothing in.
  static_cast<void>(walker_.walk(text, reader_));
  if (pattern != nullptr && walker_.complete()) pattern->learn(text, answer_fields(endpoint_));
}

Usage UsageScanner::usage() const {
  Usage usage = normalise(reader_.raw, endpoint_);
  usage.service_tier = reader_.service_tier;
  return usage;
}

Usage read_usage(Endpoint endpoint, std::span<const std::byte> answer) {
  UsageScanner scanner(endpoint);
  scanner.feed(answer);
  return scanner.usage();
}

}  // namespace headrace::policy

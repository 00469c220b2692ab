#include "policy/dialect/usage_scanner.h"

namespace headrace::policy {

static_assert(sizeof(UsageScanner) <= 704);

void UsageScanner::start(Endpoint endpoint) {
  endpoint_ = endpoint;
  reader_ = {};
  walker_.start(answer_fields(endpoint), {});
}

void UsageScanner::feed(std::span<const std::byte> slice) {
  // Once it is no JSON any more, the walker takes nothing in.
  static_cast<void>(
      walker_.walk({reinterpret_cast<const char*>(slice.data()), slice.size()}, reader_));
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

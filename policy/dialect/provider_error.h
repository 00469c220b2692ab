// What the body of a provider's refusal says beyond its status: whether the account is used up
// rather than busy, whether the provider is overloaded, whether it does not take the key that it
// was shown, and when to come again.
//
//   OpenAI     {"error":{"type","code"}}: code or type `insufficient_quota`
//   Anthropic  {"type":"error","error":{"type"}}: `overloaded_error`, `billing_error`
//   Google     {"error":{"status","details":[{"retryDelay":"34s"},{"@type","reason","domain"}]}},
//              sometimes inside an array; of a key speak the details of type ErrorInfo in the
//              domain googleapis.com (google/rpc/error_details.proto,
//              google/api/error_reason.proto)
//
// Read at its place in the structure only; a body that is no JSON, or cut, says nothing more.
//
// Threads: one reader belongs to one answer. No allocation. Slices are used during feed() only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "policy/json/json_step.h"
#include "policy/json/json_walker.h"

namespace headrace::policy {

class ProviderErrorReader final : public JsonSink {
 public:
  void start();
  void feed(std::span<const std::byte> slice);

  [[nodiscard]] bool account_spent() const { return account_spent_; }
  [[nodiscard]] bool overloaded() const { return overloaded_; }
  [[nodiscard]] bool key_refused() const { return key_refused_; }
  [[nodiscard]] std::optional<std::uint32_t> retry_after_ms() const { return retry_after_ms_; }

  bool on_json(const JsonStep& step) override;

 private:
  // What one of Google's details says of itself, whatever its members' order.
  struct Detail {
    bool error_info = false;
    bool of_our_key = false;
    bool other_domain = false;
  };

  void read_detail(const JsonStep& step);

  JsonWalker walker_;
  Detail detail_;
  std::optional<std::uint32_t> retry_after_ms_;
  bool account_spent_ = false;
  bool overloaded_ = false;
  bool key_refused_ = false;
};

}  // namespace headrace::policy

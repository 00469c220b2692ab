#include "net/proxy/context_headers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include <openssl/digest.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

namespace headrace::net {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

// A value as it stands in a field; what does not fit is left out.
class FieldValue {
 public:
  void add(std::string_view text) {
    for (const char c : text) {
      const bool plain = c >= ' ' && c <= '~' && c != '%';
      const std::size_t needed = plain ? 1 : 3;
      if (room_.size() - bytes_ < needed) return;
      if (plain) {
        room_[bytes_++] = c;
        continue;
      }
      const auto byte = static_cast<unsigned char>(c);
      room_[bytes_++] = '%';
      room_[bytes_++] = kDigits[byte >> 4U];
      room_[bytes_++] = kDigits[byte & 15U];
    }
  }
  // One more of a list; whole or not at all.
  void add_entry(std::string_view name) {
    if (room_.size() - bytes_ < name.size() + 1) return;
    if (bytes_ > 0) add(",");
    add(name);
  }
  [[nodiscard]] std::string_view text() const { return {room_.data(), bytes_}; }

 private:
  std::array<char, 1024> room_;
  std::size_t bytes_ = 0;
};

class Signature {
 public:
  explicit Signature(std::string_view secret) {
    HMAC_Init_ex(context_.get(), secret.data(), secret.size(), EVP_sha256(), nullptr);
    add("v1");
  }
  void add(std::string_view line) {
    if (!first_) update("\n");
    first_ = false;
    update(line);
  }
  std::string_view finish() {
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest;
    unsigned bytes = 0;
    HMAC_Final(context_.get(), digest.data(), &bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
      text_[3 + i * 2] = kDigits[digest[i] >> 4U];
      text_[4 + i * 2] = kDigits[digest[i] & 15U];
    }
    return {text_.data(), text_.size()};
  }

 private:
  void update(std::string_view text) {
    HMAC_Update(context_.get(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }

  bssl::ScopedHMAC_CTX context_;
  bool first_ = true;
  std::array<char, 3 + 2 * SHA256_DIGEST_LENGTH> text_{'v', '1', '='};
};

// The nearest one: what a key has itself goes before what its tenant has.
const policy::config::Plan* plan_of(const policy::config::ConfigView& config,
                                    const policy::Caller& caller) {
  const auto of = [&config](const auto* scope) -> const policy::config::Plan* {
    return scope == nullptr ? nullptr : config.quota().plan(scope->limits);
  };
  if (const auto* plan = of(caller.key)) return plan;
  if (const auto* plan = of(caller.user)) return plan;
  if (const auto* plan = of(caller.project)) return plan;
  if (const auto* plan = of(caller.tenant)) return plan;
  return of(config.scopes().organisation(*caller.tenant));
}

void add_roles(const ContextFacts& facts, FieldValue& value) {
  policy::config::RoleBits bits = facts.caller->roles;
  for (const policy::config::Role& role : facts.config->access().roles()) {
    if ((bits & 1) != 0) value.add_entry(facts.config->text(role.name));
    bits >>= 1;
  }
}

}  // namespace

void write_context_headers(const ContextFacts& facts, http::HeadWriter& writer) {
  if (facts.caller == nullptr) return;
  const policy::config::ConfigView& config = *facts.config;
  const policy::Caller& caller = *facts.caller;
  std::array<FieldValue, 5> values;
  values[0].add(config.text(caller.tenant->name));
  if (caller.project != nullptr) values[1].add(config.text(caller.project->name));
  values[2].add(facts.user);
  add_roles(facts, values[3]);
  if (const auto* plan = plan_of(config, caller)) values[4].add(config.text(plan->name));
  static constexpr std::array<std::string_view, 5> kNames = {
      "X-Headrace-Tenant", "X-Headrace-Project", "X-Headrace-User", "X-Headrace-Roles",
      "X-Headrace-Plan"};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].text().empty()) writer.field(kNames[i], values[i].text());
  }
  if (facts.secret.empty()) return;
  std::array<char, 20> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), facts.now_unix_s).ptr;
  const std::string_view timestamp(digits.data(), end);
  Signature signature(facts.secret);
  signature.add(timestamp);
  signature.add(facts.request_id);
  for (const FieldValue& value : values)
    signature.add(value.text());
  writer.field("X-Headrace-Timestamp", timestamp);
  writer.field("X-Headrace-Signature", signature.finish());
}

}  // namespace headrace::net

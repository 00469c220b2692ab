// The issuers of tokens in an opened config base (token_layout.h).
//
// Threads, lifetime: as ConfigView, of which it is a part. Invariants: judged by BaseJudge.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "policy/config/token_layout.h"

namespace headrace::policy::config {

class TokenView {
 public:
  [[nodiscard]] std::span<const TokenIssuer> issuers() const { return issuers_; }
  [[nodiscard]] std::uint32_t index_of(const TokenIssuer& issuer) const {
    return static_cast<std::uint32_t>(&issuer - issuers_.data());
  }
  // By what `iss` says, exactly; nullptr: nobody.
  [[nodiscard]] const TokenIssuer* find_issuer(std::string_view issuer) const {
    const auto found = std::ranges::find_if(
        issuers_, [&](const TokenIssuer& row) { return text(row.issuer) == issuer; });
    return found == issuers_.end() ? nullptr : &*found;
  }
  [[nodiscard]] std::span<const TextRef> audiences(const TokenIssuer& issuer) const {
    return string_list_.subspan(issuer.audiences.first, issuer.audiences.count);
  }
  [[nodiscard]] bool has_audience(const TokenIssuer& issuer, std::string_view audience) const {
    return std::ranges::any_of(audiences(issuer),
                               [&](TextRef ref) { return text(ref) == audience; });
  }
  // By denial_hash() of `jti` and `sub`.
  [[nodiscard]] bool denies_id(const TokenIssuer& issuer, std::uint64_t hash) const {
    return std::ranges::binary_search(denials(issuer.denied_ids), hash, {}, &Denial::hash);
  }
  [[nodiscard]] bool denies_subject(const TokenIssuer& issuer, std::uint64_t hash) const {
    return std::ranges::binary_search(denials(issuer.denied_subjects), hash, {}, &Denial::hash);
  }
  [[nodiscard]] std::span<const Denial> denials(RowRange range) const {
    return denials_.subspan(range.first, range.count);
  }

 private:
  friend class BaseJudge;

  [[nodiscard]] std::string_view text(TextRef ref) const {
    return {strings_.data() + ref.offset, ref.bytes};
  }

  std::span<const char> strings_;
  std::span<const TextRef> string_list_;
  std::span<const TokenIssuer> issuers_;
  std::span<const Denial> denials_;
};

}  // namespace headrace::policy::config

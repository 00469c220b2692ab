#include "policy/token/token_memory.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

#include "core/check.h"

namespace headrace::policy {

TokenMemory::TokenMemory(std::size_t tokens) : places_(tokens) {
  HEADRACE_CHECK(std::has_single_bit(tokens));
  HEADRACE_CHECK(tokens >= kPlacesOfASet);
}

std::size_t TokenMemory::first_place(const config::Sha256& digest) const {
  std::uint64_t bits = 0;
  std::memcpy(&bits, digest.bytes.data(), sizeof bits);
  return bits & (places_.size() - 1) & ~(kPlacesOfASet - 1);
}

const VerifiedToken* TokenMemory::find(const config::Sha256& digest, std::uint64_t now_s) const {
  const auto set = std::span(places_).subspan(first_place(digest), kPlacesOfASet);
  const auto found = std::ranges::find_if(set, [&](const Place& place) {
    return place.token.expires_at_s > now_s && equal_in_constant_time(place.digest, digest);
  });
  return found == set.end() ? nullptr : &found->token;
}

void TokenMemory::remember(const config::Sha256& digest, const VerifiedToken& token,
                           std::uint64_t now_s) {
  const auto set = std::span(places_).subspan(first_place(digest), kPlacesOfASet);
  auto place = std::ranges::find_if(
      set, [&](const Place& each) { return equal_in_constant_time(each.digest, digest); });
  if (place == set.end()) {
    place = std::ranges::min_element(set, {}, [&](const Place& each) {
      return each.token.expires_at_s <= now_s ? 0 : each.token.expires_at_s;
    });
  }
  *place = {.digest = digest, .token = token};
}

}  // namespace headrace::policy

// Tokens that were verified, so that their signatures are verified once: by the digest of the whole
// token, in a table of fixed size.
//
//   digest --> set of four places --> the one whose digest is the same, compared in constant time
//
// A new token takes a place that is empty or expired, else the one that expires first: nobody can
// fill the table with tokens that never leave it, and what is pushed out is only verified again.
//
// Threads: one for each shard and config: a reload begins with none, so that what a token was
//          mapped to is never of another config.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "policy/config/key_digest.h"
#include "policy/token/token_verifier.h"

namespace headrace::policy {

class TokenMemory {
 public:
  // Of that many tokens; a power of two, at least four.
  explicit TokenMemory(std::size_t tokens);

  // nullptr: not known, or expired. Valid until the next remember().
  [[nodiscard]] const VerifiedToken* find(const config::Sha256& digest, std::uint64_t now_s) const;
  void remember(const config::Sha256& digest, const VerifiedToken& token, std::uint64_t now_s);

  [[nodiscard]] static constexpr std::size_t bytes_each() { return sizeof(Place); }

 private:
  static constexpr std::size_t kPlacesOfASet = 4;
  struct Place {
    config::Sha256 digest;
    VerifiedToken token;  // expires_at_s 0: empty
  };

  [[nodiscard]] std::size_t first_place(const config::Sha256& digest) const;

  std::vector<Place> places_;
};

}  // namespace headrace::policy

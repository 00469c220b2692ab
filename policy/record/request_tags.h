// The tags of a usage record: what a client says that its request is for, so that cost can be told
// by prompt, task or workflow. Pairs `name=value`, separated by commas, in this order:
//
//   X-Headrace-Tags: task=sum,team=a     task=sum,team=a         (sane_tags())
//   "metadata": {"flow": "a, b", "n": 3} flow=a%2C%20b,n=3       (Anthropic's user_id is one of
//   them) "user": "u1"                         user=u1 "safety_identifier": "s1"
//   safety_identifier=s1
//
// Of what stands in bodies, everything but printable ASCII, and what separates pairs, is
// percent-encoded. Values that are objects, arrays or null are no tags. A pair that has no room
// whole is left out; only the first kTagMembersMax members within kTagTextBytesMax are looked at.
//
// Threads: pure.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "policy/body/body_facts.h"

namespace headrace::policy {

inline constexpr std::size_t kTagMembersMax = 16;  // as many as OpenAI takes
inline constexpr std::size_t kTagTextBytesMax = std::size_t{16} * 1024;
inline constexpr std::size_t kTagTextsDecodedMax = 256;  // of a name, and of a value

struct TagSources {
  std::string_view field = {};       // of the head
  const BodyFacts* facts = nullptr;  // nullptr: bodies are not asked
  std::span<const std::byte> body = {};
};

// At most as many bytes as `out` has.
[[nodiscard]] std::string_view write_tags(const TagSources& sources, std::span<char> out);

}  // namespace headrace::policy

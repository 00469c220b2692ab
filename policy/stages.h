// The stages of a request, in the only order there is. The exchange (net/proxy/exchange.h) is
// written in it, and every policy names its stage by it.
//
// A stage's verdict is go, reply or park. A parked exchange is resumed at that stage. Stages may be
// skipped forward (a refusal, a cache hit) but never go back, except to route, to send the request
// again: from upstream, where it waits while its answer is relayed too, or where its second call
// had got to. `settle` runs exactly once for every request that took anything, `record` exactly
// once for every admitted one.
//
// Identify stands before body facts: it needs only the head, and a caller without a key must not
// make us hold a body of many megabytes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace headrace::policy {

enum class Stage : std::uint8_t {
  head,        // parsed, and its endpoint known
  identify,    // whose request it is
  body,        // held whole where it must be understood
  body_facts,  // what it asks for
  guard,       // may this caller ask for that
  admit,       // requests and concurrency
  cache,
  route,    // which providers may answer
  reserve,  // tokens and money
  upstream,
  relay,  // and meter
  settle,
  record,
};

inline constexpr std::array<std::string_view, 13> kStageNames = {
    "head",  "identify", "body",     "body_facts", "guard",  "admit", "cache",
    "route", "reserve",  "upstream", "relay",      "settle", "record"};

constexpr std::string_view name(Stage stage) {
  return kStageNames[static_cast<std::size_t>(stage)];
}

enum class Verdict : std::uint8_t { go, reply, park };

// Forward always; back only to send the request again.
constexpr bool may_follow(Stage from, Stage to) {
  return to >= from || (to == Stage::route && from <= Stage::upstream);
}

}  // namespace headrace::policy

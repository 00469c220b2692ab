// How one request was decided, for whoever may know it (answers.debug_sha256): filled by the stages
// as they pass, and written into a field of the answer.
//
// Threads: one shard.  Lifetime: of one request that is explained; others have none, and cost
// nothing. Texts are static, or the config's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/clock.h"
#include "core/units.h"
#include "policy/stages.h"

namespace headrace::policy {

class Explanation {
 public:
  explicit Explanation(core::Instant now) : entered_(now) {}

  // The stage begins, and the one before it has ended. One that runs again goes on being counted.
  void enter(Stage stage, core::Instant now);

  std::string_view limit = {};  // that decided; empty: none did
  std::string_view scope = {};  // whose it is
  std::string_view provider = {};
  std::string_view model = {};      // that the provider is asked for; empty: as asked for
  std::string_view why = {};        // this target
  std::string_view cache = {};      // empty: it was not asked
  std::uint64_t price_version = 0;  // 0: none
  // Nothing: it is not known before the answer's end, which comes behind the fields; nothing is
  // reserved of money.
  std::optional<core::MicroUsd> cost = {};
  std::optional<core::MicroUsd> reserved = {};
  std::uint32_t attempts = 0;
  core::Duration waited{};  // for a target that had no room

 private:
  friend std::string_view write_explanation(Explanation& explanation, std::string_view said,
                                            core::Instant now, std::span<char> out);

  Stage stage_ = Stage::head;
  core::Instant entered_;
  std::uint16_t passed_ = 1;  // a bit a stage
  std::array<core::Duration, kStageNames.size()> took_{};
};

// Room that every explanation fits in.
inline constexpr std::size_t kExplanationBytesMax = 3456;

// One line of JSON in ASCII, fit for a field of a head:
//   {"stages_us":{"head":4,"identify":1},"limit":null,...,"waited_us":0,"cache":null,...}
// `said`: what happened, in the client's language. Ends the stage that runs.
[[nodiscard]] std::string_view write_explanation(Explanation& explanation, std::string_view said,
                                                 core::Instant now, std::span<char> out);

}  // namespace headrace::policy

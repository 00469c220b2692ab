// What the gateway knows of a request body: the few values that decide something, and where they
// stand, so that they can be edited in place. Everything else in the body is carried untouched.
//
// Facts are plain offsets into the body that was scanned (policy/body/body_scan.h); they stay true
// when the body moves in memory as a whole. JSON null counts as "not given" for every fact, but its
// place is kept, because an edit must replace it and not insert the key a second time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "policy/body/byte_range.h"

namespace headrace::policy {

inline constexpr std::size_t kModelBytesMax = 256;

struct StringFact {
  ByteRange value;       // the token with its quotes (or the word null)
  bool given = false;    // a string
  bool escaped = false;  // holds backslashes
  // The characters between the quotes, as they stand in the body.
  [[nodiscard]] std::string_view raw(std::span<const std::byte> body) const {
    return given ? value.in(body).substr(1, value.length - 2) : std::string_view{};
  }
};

struct BoolFact {
  ByteRange value;
  bool given = false;
  bool is_true = false;
};

struct CountFact {
  ByteRange value;
  bool given = false;
  std::int64_t count = 0;  // 0 <= count <= 2^53
};

struct ObjectFact {
  ByteRange value;
  bool given = false;            // an object
  bool empty = false;            // has no members
  std::uint32_t members_at = 0;  // just after its opening brace: where members can be inserted
};

struct BodyFacts {
  ObjectFact root;  // value: the whole object without surrounding white space

  // How deep objects and arrays stand in each other, and where the first that deep begins.
  std::uint32_t depth = 0;
  std::uint32_t deepest_at = 0;

  // At most kModelBytesMax bytes decoded, no control characters. Gemini names the model in the path
  // and may name it here again, in `model` or in each request of a batch, which then are the same.
  StringFact model;
  bool more_models = false;  // a batch of several: set_model cannot change them all
  BoolFact stream;
  ObjectFact stream_options;
  BoolFact include_usage;  // stream_options.include_usage

  // The bound on output in the dialect's own field: max_completion_tokens (chat), max_tokens
  // (completions, messages), max_output_tokens (responses), generationConfig.maxOutputTokens.
  CountFact output_cap;
  CountFact output_cap_legacy;   // max_tokens in chat; heeded where output_cap is not given
  ObjectFact generation_config;  // Gemini: what output_cap stands in
  CountFact choices;             // n; Gemini: generationConfig.candidateCount
  CountFact best_of;             // completions: answers produced and billed, only n of them shown
  std::uint32_t prompts = 0;     // completions: in a list, each of which has answers of its own
  std::int64_t thinking_budget = 0;  // Anthropic: output_cap must be above it

  StringFact service_tier;
  ObjectFact metadata;
  StringFact user;
  // Where these stand, as texts: who asks, by another name, and what a provider's own cache goes
  // by.
  ByteRange safety_identifier;
  ByteRange prompt_cache_key;

  // What makes the same request have the same answer, as far as a provider can promise that.
  bool temperature_zero = false;  // given, and 0 however it is written
  bool seed_given = false;        // a whole number

  // What makes the provider keep something, or names something that it keeps.
  BoolFact store;
  BoolFact background;
  StringFact previous_response_id;
  // Where another reference to a stored object begins: conversation, container, prompt template,
  // cachedContent, or deeper in the body a file, an item, a vector store (request_fields.h).
  ByteRange stored_reference;
  // Where something stands too deep for such names to be found in it.
  ByteRange too_deep_to_see;
  [[nodiscard]] bool names_stored() const { return stored_reference || too_deep_to_see; }

  // How many answers are produced and billed: of each prompt the greater of choices and best_of, at
  // least 1.
  [[nodiscard]] std::int64_t answers_billed() const;
  // The cap that the client set, in whichever field.
  [[nodiscard]] std::optional<std::int64_t> output_cap_given() const;
};

// The model's name with escapes decoded. Without escapes a slice of `body`, else of `scratch`.
[[nodiscard]] std::string_view model_name(const BodyFacts& facts, std::span<const std::byte> body,
                                          std::span<char, kModelBytesMax> scratch);

}  // namespace headrace::policy

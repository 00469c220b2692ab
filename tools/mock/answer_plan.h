// Everything that an answer will say, decided before its first byte: the writers only spell it out
// in their dialect, at once or event by event.
//
// Token counts: the prompt's are its body's bytes over a ratio that is drawn per model by seed, as
// if each model had a tokenizer of its own; the output's are exact for what is written.
// Lifetime: stands in the connection and is reused, so that its strings keep their memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mock/behaviour.h"
#include "tools/mock/endpoint.h"
#include "tools/mock/prose.h"
#include "tools/mock/request_facts.h"

namespace headrace::tools::mock {

struct TokenUsage {
  std::uint64_t prompt = 0;       // all of it, cached parts included
  std::uint64_t cache_read = 0;   // of prompt
  std::uint64_t cache_write = 0;  // of prompt
  std::uint64_t text = 0;         // output without reasoning, all choices together
  std::uint64_t reasoning = 0;    // all choices together
};

// The text of one choice: tokens of the prose, then full stops up to an exact number of bytes.
struct AnswerText {
  std::uint64_t first_token = 0;
  std::uint64_t tokens = 0;
  std::uint64_t padding_bytes = 0;  // together one more token
  [[nodiscard]] std::uint64_t token_count() const { return tokens + (padding_bytes > 0 ? 1 : 0); }
};

struct AnswerPlan {
  Endpoint endpoint = Endpoint::unknown;
  const Prose* prose = nullptr;
  std::string model;
  std::uint64_t id = 0;  // part of every identifier in the answer
  std::int64_t created_unix_seconds = 0;
  bool stream = false;
  bool sse = true;  // a stream as events; otherwise as one JSON array (Gemini)
  bool include_usage = false;
  bool include_obfuscation = false;
  bool usage_told = true;
  bool cut = false;  // the output limit was reached
  bool show_thinking = false;
  bool base64 = false;
  std::uint32_t choices = 1;
  std::uint32_t inputs = 1;
  std::uint32_t dimensions = 0;
  std::uint32_t tokens_per_event = 1;
  std::uint64_t reasoning_tokens = 0;  // of one choice
  AnswerText text;
  bool tool_call = false;
  std::string tool_name;
  std::string tool_arguments;
  std::vector<std::uint32_t> tool_piece_ends;  // tool_arguments as one token each, for streaming
  TokenUsage usage;

  [[nodiscard]] std::string_view tool_piece(std::size_t index) const {
    const std::uint32_t start = index == 0 ? 0 : tool_piece_ends[index - 1];
    return std::string_view(tool_arguments).substr(start, tool_piece_ends[index] - start);
  }
  // How many steps the text or the arguments of one choice take.
  [[nodiscard]] std::uint64_t steps() const {
    if (tool_call) return tool_piece_ends.size();
    return (text.token_count() + tokens_per_event - 1) / tokens_per_event;
  }
};

// What all answers of a run share.
struct Provider {
  std::uint64_t seed = 1;
  const Prose* plain = nullptr;
  const Prose* tricky = nullptr;
  std::vector<std::string> models;  // what /v1/models lists
};

struct RequestSize {
  std::uint64_t bytes = 0;
  std::uint64_t hash = 0;  // of the bytes, under the seed
};

// Bytes per token of this model's tokenizer: between kBytesPerTokenMin and kBytesPerTokenMax.
double bytes_per_token(std::uint64_t seed, std::string_view model);
std::uint64_t prompt_tokens(std::uint64_t seed, std::string_view model, std::uint64_t bytes);

inline constexpr double kBytesPerTokenMin = 2.5;
inline constexpr double kBytesPerTokenMax = 6.0;
// An answer longer than this is cut, whatever was asked for.
inline constexpr std::uint64_t kAnswerTokensMax = 10'000'000;

// `chance` is what the answer's length is drawn from.
void plan_answer(const Provider& provider, const Route& route, const RequestFacts& facts,
                 const RequestSize& size, const Behaviour& behaviour, std::uint64_t chance,
                 AnswerPlan& plan);

// Writes text tokens `first` to `first + count - 1` of a choice (they count from 0).
void put_text(std::string& out, const AnswerPlan& plan, std::uint64_t first, std::uint64_t count);

}  // namespace headrace::tools::mock

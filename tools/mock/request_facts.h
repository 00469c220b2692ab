// What the mock needs to know of a request's JSON body, in one form for all dialects.
//
// The body is parsed and validated whole (simdjson's DOM). Views point into the reader or the body
// and hold until the next read().
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "tools/mock/endpoint.h"

namespace headrace::tools::mock {

struct RequestFacts {
  std::string_view model;
  bool stream = false;
  bool include_usage = false;       // OpenAI: stream_options.include_usage
  bool include_obfuscation = true;  // OpenAI: stream_options.include_obfuscation
  bool thinking = false;            // Anthropic: thinking is enabled
  bool base64 = false;              // embeddings: encoding_format
  bool tool_required = false;       // tool_choice leaves no other way
  std::optional<std::uint64_t> output_tokens_max;
  std::uint32_t choices = 1;     // answers asked for
  std::uint32_t inputs = 1;      // embeddings, moderations, completions: texts given
  std::uint32_t dimensions = 0;  // embeddings: 0 where not given
  std::string_view tool_name;    // the tool to call; empty where there is none
  // Arguments for it, made up to fit its schema: a JSON object.
  std::string_view tool_arguments;
};

class RequestFactsReader {
 public:
  // `body` must be followed by kPadding readable bytes. The error is a sentence for the client.
  std::expected<RequestFacts, std::string> read(const Route& route, std::string_view body);

  static constexpr std::size_t kPadding = simdjson::SIMDJSON_PADDING;
  static constexpr std::uint32_t kChoicesMax = 128;
  static constexpr std::uint32_t kInputsMax = 2048;

 private:
  simdjson::dom::parser parser_;
  std::string tool_arguments_;
};

}  // namespace headrace::tools::mock

// Endpoints: which paths are metered, and what model they name, must be what a list of regular
// expressions says; nothing that is known at all may hold a byte that could be read in two ways.
// The input is a method, a line end and a path.
#include <array>
#include <cstdint>
#include <regex>
#include <string>
#include <string_view>

#include "policy/dialect/endpoint.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

using policy::Endpoint;

struct Metered {
  const char* path;
  Endpoint endpoint;
};

#define HEADRACE_NAME "([A-Za-z0-9_@-][A-Za-z0-9_@.:-]*)"
#define HEADRACE_API "/(?:v1|v1beta|v1alpha)/models/" HEADRACE_NAME
#define HEADRACE_VERTEX                                                                  \
  "/(?:v1|v1beta1)(?:/projects/[A-Za-z0-9_@-][A-Za-z0-9_@.:-]*/locations/[A-Za-z0-9_@-]" \
  "[A-Za-z0-9_@.:-]*)?/publishers/google/models/" HEADRACE_NAME

constexpr std::array kMetered = {
    Metered{"/v1/chat/completions()", Endpoint::chat_completions},
    Metered{"/v1/completions()", Endpoint::completions},
    Metered{"/v1/responses()", Endpoint::responses},
    Metered{"/v1/responses/input_tokens()", Endpoint::responses_input_tokens},
    Metered{"/v1/embeddings()", Endpoint::embeddings},
    Metered{"/v1/moderations()", Endpoint::moderations},
    Metered{"/v1/messages()", Endpoint::messages},
    Metered{"/v1/messages/count_tokens()", Endpoint::count_tokens},
    Metered{HEADRACE_API ":generateContent", Endpoint::generate_content},
    Metered{HEADRACE_API ":streamGenerateContent", Endpoint::stream_generate_content},
    Metered{HEADRACE_API ":countTokens", Endpoint::gemini_count_tokens},
    Metered{HEADRACE_API ":embedContent", Endpoint::embed_content},
    Metered{HEADRACE_API ":batchEmbedContents", Endpoint::batch_embed_contents},
    Metered{HEADRACE_VERTEX ":generateContent", Endpoint::generate_content},
    Metered{HEADRACE_VERTEX ":streamGenerateContent", Endpoint::stream_generate_content},
    Metered{HEADRACE_VERTEX ":countTokens", Endpoint::gemini_count_tokens},
    Metered{"/(?:v1|v1beta1)/projects/[A-Za-z0-9_@-][A-Za-z0-9_@.:-]*/locations/[A-Za-z0-9_@-]"
            "[A-Za-z0-9_@.:-]*/publishers/google/models/" HEADRACE_NAME ":embedContent",
            Endpoint::embed_content},
};

struct Expected {
  Endpoint endpoint = Endpoint::unknown;
  std::string model;
};

Expected reference(const std::string& path) {
  static const auto kPatterns = [] {
    std::array<std::regex, kMetered.size()> patterns;
    for (std::size_t i = 0; i < patterns.size(); ++i)
      patterns[i] = std::regex(kMetered[i].path);
    return patterns;
  }();
  for (std::size_t i = 0; i < kPatterns.size(); ++i) {
    std::smatch found;
    if (std::regex_match(path, found, kPatterns[i])) return {kMetered[i].endpoint, found[1].str()};
  }
  return {};
}

void try_path(std::string_view method, std::string_view path) {
  constexpr std::size_t kRegexBytesMax = 512;  // beyond it std::regex may run out of stack
  if (path.size() > kRegexBytesMax) return;
  for (const bool anthropic : {false, true}) {
    const policy::EndpointMatch match = policy::match_endpoint(method, path, anthropic);
    const Expected expected = reference(std::string(path));
    const bool metered = match.kind == policy::EndpointKind::metered;
    if (metered && method == "POST") FUZZ_CHECK(match.method_allowed);
    if (metered && method != "POST") FUZZ_CHECK(!match.method_allowed);
    if (metered || method == "POST") {
      FUZZ_CHECK((metered ? match.endpoint : Endpoint::unknown) == expected.endpoint);
    }
    if (metered) FUZZ_CHECK(match.model_in_path == expected.model);
    if (!match.model_in_path.empty()) {
      FUZZ_CHECK(match.model_in_path.data() >= path.data() &&
                 match.model_in_path.data() + match.model_in_path.size() <=
                     path.data() + path.size());
    }
    if (match.kind == policy::EndpointKind::unknown) continue;
    FUZZ_CHECK(path.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-._:@/") == std::string_view::npos);
    FUZZ_CHECK(path.find("//") == std::string_view::npos && !path.ends_with('/'));
    FUZZ_CHECK(path.find("/.") == std::string_view::npos);
  }
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line_end = text.find('\n');
  if (line_end == text.npos) return 0;
  headrace::fuzz::try_path(text.substr(0, line_end), text.substr(line_end + 1));
  return 0;
}

#include "tools/mock/endpoint.h"

#include <gtest/gtest.h>

namespace headrace::tools::mock {
namespace {

TEST(Endpoint, IsFoundByTheEndOfThePath) {
  struct Case {
    std::string_view method;
    std::string_view path;
    bool anthropic;
    std::string_view name;
    std::string_view model;
  };
  for (const Case& expected : {
           Case{"POST", "/v1/chat/completions", false, "openai.chat", ""},
           Case{"POST", "/v1/completions", false, "openai.completions", ""},
           Case{"POST", "/openai/deployments/gpt-4o/chat/completions", false, "openai.chat",
                "gpt-4o"},
           Case{"POST", "/v1/responses", false, "openai.responses", ""},
           Case{"POST", "/v1/responses/input_tokens", false, "openai.input_tokens", ""},
           Case{"POST", "/v1/messages", false, "anthropic.messages", ""},
           Case{"POST", "/v1/messages/count_tokens", false, "anthropic.count_tokens", ""},
           Case{"GET", "/v1/models", false, "openai.models", ""},
           Case{"GET", "/v1/models", true, "anthropic.models", ""},
           Case{"GET", "/v1/models/a/b", false, "openai.model", "a/b"},
           Case{"GET", "/v1beta/models", false, "gemini.models", ""},
           Case{"GET", "/v1beta/models/g", true, "gemini.model", "g"},
           Case{"POST", "/v1beta/models/g:generateContent", false, "gemini.generate", "g"},
           Case{"POST",
                "/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent",
                false, "gemini.stream", "g"},
           Case{"POST", "/v1beta/models/g:batchEmbedContents", false, "gemini.batch_embed", "g"},
           Case{"GET", "/v1/files", false, "unknown", ""},
       }) {
    const Route route = find_route(expected.method, expected.path, "", expected.anthropic);
    EXPECT_EQ(endpoint_name(route.endpoint), expected.name) << expected.path;
    EXPECT_EQ(route.model, expected.model) << expected.path;
    EXPECT_TRUE(route.method_matches) << expected.path;
  }
  EXPECT_FALSE(find_route("GET", "/v1/messages", "", false).method_matches);
  EXPECT_FALSE(find_route("POST", "/v1/models", "", false).method_matches);
}

TEST(Endpoint, SseIsAskedForByAQueryParameterOfItsOwn) {
  const auto sse = [](std::string_view query) {
    return find_route("POST", "/v1beta/models/g:streamGenerateContent", query, false).sse;
  };
  EXPECT_TRUE(sse("alt=sse"));
  EXPECT_TRUE(sse("key=1&alt=sse"));
  EXPECT_TRUE(sse("a=1&alt=sse&b=2"));
  EXPECT_FALSE(sse(""));
  EXPECT_FALSE(sse("alt=ssex"));
  EXPECT_FALSE(sse("galt=sse"));
}

}  // namespace
}  // namespace headrace::tools::mock

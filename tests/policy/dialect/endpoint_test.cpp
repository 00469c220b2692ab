#include "policy/dialect/endpoint.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

struct Known {
  std::string_view method;
  std::string_view path;
  Dialect dialect;
  Endpoint endpoint;
  EndpointKind kind;
  std::string_view model = "";
};

TEST(MatchEndpoint, KnowsThePathsOfTheDialects) {
  using enum EndpointKind;
  constexpr auto kOpenai = Dialect::openai;
  constexpr auto kAnthropic = Dialect::anthropic;
  constexpr auto kGemini = Dialect::gemini;
  const std::vector<Known> cases = {
      {"POST", "/v1/chat/completions", kOpenai, Endpoint::chat_completions, metered},
      {"POST", "/v1/completions", kOpenai, Endpoint::completions, metered},
      {"POST", "/v1/responses", kOpenai, Endpoint::responses, metered},
      {"POST", "/v1/responses/input_tokens", kOpenai, Endpoint::responses_input_tokens, metered},
      {"POST", "/v1/embeddings", kOpenai, Endpoint::embeddings, metered},
      {"POST", "/v1/moderations", kOpenai, Endpoint::moderations, metered},
      {"GET", "/v1/models", kOpenai, Endpoint::models_list, models},
      {"HEAD", "/v1/models", kOpenai, Endpoint::models_list, models},
      {"GET", "/v1/models/gpt-4o", kOpenai, Endpoint::model_get, models, "gpt-4o"},
      {"GET", "/v1/models/ft:gpt-4o:org::id", kOpenai, Endpoint::model_get, models,
       "ft:gpt-4o:org::id"},
      {"GET", "/v1/models/meta-llama/Llama-3.1", kOpenai, Endpoint::model_get, models,
       "meta-llama/Llama-3.1"},
      {"POST", "/v1/messages", kAnthropic, Endpoint::messages, metered},
      {"POST", "/v1/messages/count_tokens", kAnthropic, Endpoint::count_tokens, metered},
      {"POST", "/v1beta/models/gemini-2.5-pro:generateContent", kGemini, Endpoint::generate_content,
       metered, "gemini-2.5-pro"},
      {"POST", "/v1/models/gemini-2.5-pro:generateContent", kGemini, Endpoint::generate_content,
       metered, "gemini-2.5-pro"},
      {"POST", "/v1beta/models/gemini-2.5-pro:streamGenerateContent", kGemini,
       Endpoint::stream_generate_content, metered, "gemini-2.5-pro"},
      {"POST", "/v1beta/models/a:b:countTokens", kGemini, Endpoint::gemini_count_tokens, metered,
       "a:b"},
      {"POST", "/v1beta/models/e:embedContent", kGemini, Endpoint::embed_content, metered, "e"},
      {"POST", "/v1beta/models/e:batchEmbedContents", kGemini, Endpoint::batch_embed_contents,
       metered, "e"},
      {"POST",
       "/v1/projects/p-1/locations/europe-west4/publishers/google/models/g@001:generateContent",
       kGemini, Endpoint::generate_content, metered, "g@001"},
      {"POST", "/v1beta1/publishers/google/models/g:streamGenerateContent", kGemini,
       Endpoint::stream_generate_content, metered, "g"},
      {"GET", "/v1beta/models", kGemini, Endpoint::models_list, models},
      {"GET", "/v1beta/models/gemini-2.5-pro", kGemini, Endpoint::model_get, models,
       "gemini-2.5-pro"},
      {"GET", "/v1/chat/completions", kOpenai, Endpoint::stored_object, stored_object},
      {"DELETE", "/v1/chat/completions/c_1", kOpenai, Endpoint::stored_object, stored_object},
      {"GET", "/v1/responses/resp_1", kOpenai, Endpoint::stored_object, stored_object},
      {"POST", "/v1/responses/resp_1/cancel", kOpenai, Endpoint::stored_object, stored_object},
      {"POST", "/v1/files", kOpenai, Endpoint::stored_object, stored_object},
      {"PATCH", "/v1/vector_stores/vs_1/files/f_1", kOpenai, Endpoint::stored_object,
       stored_object},
      {"POST", "/v1/messages/batches", kAnthropic, Endpoint::stored_object, stored_object},
      {"GET", "/v1/messages/batches/b_1/results", kAnthropic, Endpoint::stored_object,
       stored_object},
      {"POST", "/v1beta/cachedContents", kGemini, Endpoint::stored_object, stored_object},
      {"POST", "/upload/v1beta/files", kGemini, Endpoint::stored_object, stored_object},
      {"POST", "/v1beta/models/g:batchGenerateContent", kGemini, Endpoint::stored_object,
       stored_object},
      {"POST", "/v1/projects/p/locations/l/cachedContents", kGemini, Endpoint::stored_object,
       stored_object},
      {"POST", "/v1/images/generations", kOpenai, Endpoint::other, other},
      {"POST", "/v1/audio/speech", kOpenai, Endpoint::other, other},
      {"GET", "/v1/realtime", kOpenai, Endpoint::other, other},
      {"POST", "/v1beta/models/imagen-4:predict", kGemini, Endpoint::other, other},
  };
  for (const Known& known : cases) {
    const EndpointMatch match = match_endpoint(known.method, known.path, false);
    EXPECT_EQ(to_text(match.endpoint), to_text(known.endpoint)) << known.path;
    EXPECT_EQ(to_text(match.dialect), to_text(known.dialect)) << known.path;
    EXPECT_EQ(match.kind, known.kind) << known.path;
    EXPECT_TRUE(match.method_allowed) << known.path;
    EXPECT_EQ(match.needs_json_body, known.kind == metered) << known.path;
    if (known.kind == metered || known.kind == models) {
      EXPECT_EQ(match.model_in_path, known.model);
    }
  }
}

TEST(MatchEndpoint, RefusesWhatOnlyLooksLikeAPath) {
  for (const std::string_view path : {"",
                                      "/",
                                      "v1/chat/completions",
                                      "/v1",
                                      "/v1/",
                                      "/v1/chat",
                                      "/v1/chat/completions/",
                                      "/v1//chat/completions",
                                      "/V1/chat/completions",
                                      "/v1/Chat/completions",
                                      "/v1/chat/completions%20",
                                      "/v1/chat%2Fcompletions",
                                      "/v1/chat/./completions",
                                      "/v2/chat/completions",
                                      "/v1/models/",
                                      "/v1/models/a//b",
                                      "/v1/models/a%2Fb",
                                      "/v1/models/.",
                                      "/v1beta/models/:generateContent",
                                      "/v1beta/models/a%3Ab:generateContent",
                                      "/v1beta/models/..:generateContent",
                                      "/v1beta/models/../x:generateContent",
                                      "/v1beta/models/a b:generateContent",
                                      "/upload/v1/chat/completions",
                                      "/v1/unheard_of"}) {
    const EndpointMatch posted = match_endpoint("POST", path, false);
    EXPECT_EQ(to_text(posted.endpoint), "unknown") << path;
    EXPECT_FALSE(posted.method_allowed);
    // Of chats a GET would read what is kept.
    const EndpointMatch match = match_endpoint("GET", path, false);
    const bool lists_chats = path.contains("hat") && path.contains("completions");
    EXPECT_TRUE(match.kind == EndpointKind::unknown ||
                (lists_chats && match.kind == EndpointKind::stored_object))
        << path;
    EXPECT_TRUE(match.allow.empty());
  }
}

TEST(MatchEndpoint, TakesWhatReadsLikeAWayToStoredObjectsForOne) {
  for (const std::string_view path :
       {"/openai/v1/files", "/openai/files/f_1/content", "/openai/deployments/d/files",
        "/custom/v1/responses/resp_1", "/v1/audio/voices", "/v1/models/../files",
        "/v1beta/models/g%3AbatchGenerateContent"}) {
    const EndpointMatch match = match_endpoint("POST", path, false);
    EXPECT_EQ(match.endpoint, Endpoint::stored_object) << path;
    EXPECT_EQ(match.kind, EndpointKind::stored_object) << path;
    EXPECT_FALSE(match.needs_json_body) << path;
  }
  // What has rules of its own is what it is.
  EXPECT_EQ(match_endpoint("POST", "/v1/models/files:generateContent", false).kind,
            EndpointKind::metered);
}

TEST(MatchEndpoint, SaysWhichMethodsAreAllowed) {
  const EndpointMatch messages = match_endpoint("GET", "/v1/messages", true);
  EXPECT_EQ(messages.endpoint, Endpoint::messages);
  EXPECT_FALSE(messages.method_allowed);
  EXPECT_FALSE(messages.needs_json_body);
  EXPECT_EQ(messages.allow, "POST");
  const EndpointMatch chat = match_endpoint("PUT", "/v1/chat/completions", false);
  EXPECT_FALSE(chat.method_allowed);
  EXPECT_EQ(chat.allow, "POST") << "what a provider keeps is not there for everybody";
  const EndpointMatch models = match_endpoint("DELETE", "/v1/models/ft:x", false);
  EXPECT_FALSE(models.method_allowed);
  EXPECT_FALSE(match_endpoint("post", "/v1/messages", true).method_allowed);
}

TEST(MatchEndpoint, TellsWhoseListIsMeantByTheVersionHeader) {
  EXPECT_EQ(match_endpoint("GET", "/v1/models", false).dialect, Dialect::openai);
  EXPECT_EQ(match_endpoint("GET", "/v1/models", true).dialect, Dialect::anthropic);
  EXPECT_EQ(match_endpoint("GET", "/v1/models/m", true).dialect, Dialect::anthropic);
  EXPECT_EQ(match_endpoint("GET", "/v1/files", true).dialect, Dialect::anthropic);
  EXPECT_EQ(match_endpoint("GET", "/v1beta/models", true).dialect, Dialect::gemini);
  EXPECT_EQ(match_endpoint("POST", "/v1/chat/completions", true).dialect, Dialect::openai);
}

TEST(MatchEndpoint, RefusesInTheLikelyShape) {
  EXPECT_EQ(match_endpoint("GET", "/v1/nothing", false).dialect, Dialect::openai);
  EXPECT_EQ(match_endpoint("GET", "/v1/nothing", true).dialect, Dialect::anthropic);
  EXPECT_EQ(match_endpoint("GET", "/v1beta/nothing", false).dialect, Dialect::gemini);
}

}  // namespace
}  // namespace headrace::policy

#include "policy/body/request_edits.h"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "policy/body/body_scan.h"

namespace headrace::policy {
namespace {

BodyFacts facts_of(std::string_view body, Endpoint endpoint) {
  const auto facts =
      scan_body(std::as_bytes(std::span(body.data(), body.size())), endpoint, BodyLimits{});
  EXPECT_TRUE(facts) << body << ": " << name(facts.error().message);
  return *facts;
}

std::string rewritten(const EditList& edits, std::string_view body) {
  std::array<std::string_view, EditList::kSlicesMax> slices;
  const std::size_t count = edits.slices(body, slices);
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out += slices[i];
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(out).error(), simdjson::SUCCESS) << out;
  return out;
}

TEST(RequestEdits, ReplacesTheModelAndNothingElse) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"model":"a","x":{"model":"a"}})", R"({"model":"b\"\\c","x":{"model":"a"}})"},
      {R"({ "model" : "a\u0062" , "n":1})", R"({ "model" : "b\"\\c" , "n":1})"},
      {R"({"n":1})", R"({"model":"b\"\\c","n":1})"},
      {R"({ })", R"({"model":"b\"\\c" })"},
      {R"({"model":null})", R"({"model":"b\"\\c"})"},
  };
  for (const auto& [body, expected] : cases) {
    EditList edits;
    ASSERT_TRUE(set_model(edits, facts_of(body, Endpoint::chat_completions), "b\"\\c"));
    EXPECT_EQ(rewritten(edits, body), expected);
  }
}

TEST(RequestEdits, TakesTheLongestModelNameAndNoLonger) {
  const std::string body = R"({"model":"a"})";
  EditList edits;
  EXPECT_FALSE(set_model(edits, facts_of(body, Endpoint::chat_completions),
                         std::string(kModelBytesMax + 1, 'x')));
  EXPECT_TRUE(edits.empty());
  const std::string longest(kModelBytesMax, '"');
  EXPECT_TRUE(set_model(edits, facts_of(body, Endpoint::chat_completions), longest));
  EXPECT_EQ(rewritten(edits, body).size(),
            std::string_view(R"({"model":""})").size() + 2 * kModelBytesMax);
}

TEST(RequestEdits, CannotChangeAllModelsOfABatch) {
  EditList edits;
  const std::string one = R"({"requests":[{"model":"models/a"}]})";
  EXPECT_TRUE(set_model(edits, facts_of(one, Endpoint::batch_embed_contents), "models/b"));
  EXPECT_EQ(rewritten(edits, one), R"({"requests":[{"model":"models/b"}]})");
  const std::string two = R"({"requests":[{"model":"models/a"},{"model":"models/a"}]})";
  EXPECT_FALSE(set_model(edits, facts_of(two, Endpoint::batch_embed_contents), "models/b"));
}

TEST(RequestEdits, AsksForUsageWhateverStoodThere) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"stream":true})", R"({"stream_options":{"include_usage":true},"stream":true})"},
      {R"({})", R"({"stream_options":{"include_usage":true}})"},
      {R"({"stream_options":null})", R"({"stream_options":{"include_usage":true}})"},
      {R"({"stream_options":{}})", R"({"stream_options":{"include_usage":true}})"},
      {R"({"stream_options":{ "x":1}})", R"({"stream_options":{"include_usage":true, "x":1}})"},
      {R"({"stream_options":{"include_usage":false}})",
       R"({"stream_options":{"include_usage":true}})"},
      {R"({"stream_options":{"include_usage":null,"x":1}})",
       R"({"stream_options":{"include_usage":true,"x":1}})"},
      {R"({"stream_options":{"include_usage":true}})",
       R"({"stream_options":{"include_usage":true}})"},
  };
  for (const auto& [body, expected] : cases) {
    EditList edits;
    ASSERT_TRUE(set_include_usage(edits, facts_of(body, Endpoint::chat_completions)));
    EXPECT_EQ(rewritten(edits, body), expected);
  }
}

TEST(RequestEdits, CapsTheOutputInTheDialectsOwnField) {
  struct Case {
    Endpoint endpoint;
    std::string body;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {Endpoint::chat_completions, R"({"a":1})", R"({"max_completion_tokens":100,"a":1})"},
      {Endpoint::chat_completions, R"({"max_tokens":500})", R"({"max_tokens":100})"},
      {Endpoint::chat_completions, R"({"max_tokens":50})", R"({"max_tokens":50})"},
      {Endpoint::chat_completions, R"({"max_tokens":500,"max_completion_tokens":50})",
       R"({"max_tokens":100,"max_completion_tokens":50})"},
      {Endpoint::chat_completions, R"({"max_completion_tokens":null})",
       R"({"max_completion_tokens":100})"},
      {Endpoint::completions, R"({"a":1})", R"({"max_tokens":100,"a":1})"},
      {Endpoint::messages, R"({"max_tokens":101})", R"({"max_tokens":100})"},
      {Endpoint::responses, R"({})", R"({"max_output_tokens":100})"},
      {Endpoint::generate_content, R"({"a":1})",
       R"({"generationConfig":{"maxOutputTokens":100},"a":1})"},
      {Endpoint::generate_content, R"({"generation_config":{"topK":1}})",
       R"({"generation_config":{"maxOutputTokens":100,"topK":1}})"},
      {Endpoint::stream_generate_content, R"({"generationConfig":{"max_output_tokens":999}})",
       R"({"generationConfig":{"max_output_tokens":100}})"},
      {Endpoint::stream_generate_content, R"({"generationConfig":null})",
       R"({"generationConfig":{"maxOutputTokens":100}})"},
  };
  for (const Case& c : cases) {
    EditList edits;
    ASSERT_TRUE(set_output_cap(edits, facts_of(c.body, c.endpoint), c.endpoint, 100));
    EXPECT_EQ(rewritten(edits, c.body), c.expected);
  }
}

TEST(RequestEdits, DoesNotLetTheProviderKeepTheAnswer) {
  for (const auto& [body, expected] : std::vector<std::pair<std::string, std::string>>{
           {R"({"a":1})", R"({"store":false,"a":1})"},
           {R"({"store":true})", R"({"store":false})"},
           {R"({"store":null})", R"({"store":false})"},
           {R"({"store":false})", R"({"store":false})"}}) {
    EditList edits;
    ASSERT_TRUE(set_store_false(edits, facts_of(body, Endpoint::responses)));
    EXPECT_EQ(rewritten(edits, body), expected);
  }
}

TEST(RequestEdits, AllTogetherKeepAnEmptyObjectValid) {
  for (const std::string body : {"{}", "{ }", R"({"x":1})"}) {
    EditList edits;
    const BodyFacts facts = facts_of(body, Endpoint::chat_completions);
    ASSERT_TRUE(set_model(edits, facts, "m"));
    ASSERT_TRUE(set_include_usage(edits, facts));
    ASSERT_TRUE(set_output_cap(edits, facts, Endpoint::chat_completions, 7));
    ASSERT_TRUE(set_store_false(edits, facts));
    const std::string after = rewritten(edits, body);
    const BodyFacts again = facts_of(after, Endpoint::chat_completions);
    EXPECT_TRUE(again.include_usage.is_true);
    EXPECT_EQ(again.output_cap.count, 7);
    EXPECT_TRUE(again.store.given);
    EXPECT_EQ(again.model.raw(std::as_bytes(std::span(after.data(), after.size()))), "m");
  }
}

}  // namespace
}  // namespace headrace::policy

#include "tools/load/request_source.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/core/temporary_folder.h"

namespace headrace::tools::load {
namespace {

using nlohmann::json;

TEST(GeneratedBody, IsJsonOfTheSizeAskedForThatItsEndpointUnderstands) {
  struct Case {
    std::string_view path;
    std::string_view member;
    bool has_stream;
  };
  for (const Case& expected :
       {Case{"/v1/chat/completions", "messages", true}, Case{"/v1/messages", "messages", true},
        Case{"/v1/responses", "input", true}, Case{"/v1/embeddings", "input", false},
        Case{"/v1beta/models/g:streamGenerateContent?alt=sse", "contents", false}}) {
    RequestOptions options;
    options.stream = true;
    for (const std::size_t bytes : {std::size_t{400}, std::size_t{100'000}}) {
      options.body_bytes = bytes;
      const std::string text = generate_body(expected.path, options, 1);
      EXPECT_EQ(text.size(), bytes) << expected.path;
      const json body = json::parse(text, nullptr, false);
      ASSERT_FALSE(body.is_discarded()) << text;
      EXPECT_TRUE(body.contains(expected.member)) << expected.path;
      EXPECT_EQ(body.contains("stream"), expected.has_stream) << expected.path;
    }
    options.body_bytes = 0;  // never less than what the endpoint needs
    EXPECT_FALSE(
        json::parse(generate_body(expected.path, options, 1), nullptr, false).is_discarded());
  }
  RequestOptions options;
  EXPECT_TRUE(json::parse(generate_body("/v1/messages", options, 1)).contains("max_tokens"));
  EXPECT_EQ(generate_body("/x", options, 3), generate_body("/x", options, 3));
  EXPECT_NE(generate_body("/x", options, 3), generate_body("/x", options, 4));
}

TEST(RequestSource, SendsFilesInTurnWithTheirLengths) {
  const core::TemporaryFolder folder;
  std::ofstream(folder.file("a")) << "first";
  std::ofstream(folder.file("b")) << "second!";
  LoadOptions options;
  options.request.body_files = {folder.file("a"), folder.file("b")};
  options.request.key = "k";
  options.request.headers = {"X-One: 1"};
  const Target target = *parse_target("http://127.0.0.1:1/v1/messages", Reach::loopback);
  const auto source = RequestSource::make(target, options);
  ASSERT_TRUE(source.has_value());
  EXPECT_EQ(source->request(0).body, "first");
  EXPECT_EQ(source->request(1).body, "second!");
  EXPECT_EQ(source->request(2).body, "first");
  const std::string_view head = source->request(1).head;
  EXPECT_TRUE(head.starts_with("POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:1\r\n")) << head;
  for (const std::string_view line :
       {"x-api-key: k\r\n", "anthropic-version: ", "X-One: 1\r\n", "Content-Length: 7\r\n"}) {
    EXPECT_NE(head.find(line), std::string_view::npos) << line;
  }
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  options.request.body_files = {folder.file("none")};
  EXPECT_FALSE(RequestSource::make(target, options).has_value());
}

}  // namespace
}  // namespace headrace::tools::load

// What a request names of the provider's account, at the places that each dialect has for it.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policy/body/body_scan.h"

namespace headrace::policy {
namespace {

using namespace std::string_literals;

struct Row {
  Endpoint endpoint;
  std::string body;
};

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Whole and in packets, which must come to the same.
std::string reference_in(const Row& row) {
  const auto whole = scan_body(bytes_of(row.body), row.endpoint, {});
  if (!whole) return "refused";
  for (const std::size_t packet : {1U, 2U, 3U, 7U, 64U}) {
    BodyScan scan(row.endpoint, {});
    for (std::size_t here = 0; here < row.body.size();) {
      here = std::min(here + packet, row.body.size());
      const std::string arrived = row.body.substr(0, here);
      if (!scan.advance(bytes_of(arrived))) return "refused in packets";
    }
    const auto facts = scan.finish();
    if (!facts || facts->stored_reference != whole->stored_reference ||
        facts->too_deep_to_see != whole->too_deep_to_see) {
      return "other in packets";
    }
  }
  return std::string(whole->stored_reference.in(bytes_of(row.body)));
}

std::string user(std::string_view part) {
  return R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"t"},)" +
         std::string(part) + "]}]}";
}
std::string input(std::string_view item) {
  return R"({"model":"m","input":[{"role":"user","content":"hi"},)" + std::string(item) + "]}";
}
std::string tool(std::string_view tool) {
  return R"({"model":"m","input":"hi","tools":[{"type":"web_search"},)" + std::string(tool) + "]}";
}
std::string contents(std::string_view part) {
  return R"({"contents":[{"role":"user","parts":[{"text":"t"},)" + std::string(part) + "]}]}";
}

TEST(StoredReferences, AreFoundWhereADialectHasThem) {
  using enum Endpoint;
  const std::string file_block = R"({"type":"document","source":{"type":"file","file_id":"hit"}})";
  for (const Row& row : std::vector<Row>{
           {chat_completions, user(R"({"type":"file","file":{"filename":"a","file_id":"hit"}})")},
           {chat_completions, user(R"({"type":"file","file":{"fil\u0065_id":"hit"}})")},
           {chat_completions, user(R"({"type":"file","file_id":"hit"})")},
           {chat_completions, R"({"messages":[{"role":"assistant","audio":{"id":"hit"}}]})"},
           {chat_completions, R"({"messages":[],"audio":{"format":"wav","voice":{"id":"hit"}}})"},
           {responses,
            input(R"({"role":"user","content":[{"type":"input_file","file_id":"hit"}]})")},
           {responses,
            input(R"({"role":"user","content":[{"type":"input_image","file_id":"hit"}]})")},
           {responses_input_tokens,
            input(R"({"role":"user","content":[{"type":"input_image","file_id":"hit"}]})")},
           {responses, input(R"({"type":"function_call_output","output":[{"file_id":"hit"}]})")},
           {responses, input(R"({"type":"computer_call_output","output":{"file_id":"hit"}})")},
           {responses, input(R"({"type":"item_reference","id":"hit"})")},
           {responses, input(R"({"id":"hit","type":"item_r\u0065ference"})")},
           {responses, input(R"({"id":"hit"})")},
           {responses, input(R"({"id":"hit","role":null,"content":[{"text":"t"}]})")},
           {responses, input(R"({"type":"reasoning","id":"hit","summary":[]})")},
           {responses, input(R"({"id":"hit","type":"reasoning","encrypted_content":""})")},
           {responses, input(R"({"id":"hit","type":"reasoning","encrypted_content":null})")},
           {responses, input(R"({"id":"hit","type":"reasoning","encrypted_content":["gAAA"]})")},
           {responses, input(R"({"id":"hit","type":"reasoning","content":[]})")},
           {responses, input(R"({"id":"hit","type":"reasoning","content":"words"})")},
           {responses, input(R"({"id":"hit","type":"reasoning","result":"x","output":[1]})")},
           {responses, input(R"({"id":"hit","type":"compaction"})")},
           {responses, input(R"({"id":"hit","type":"file_search_call","queries":["q"]})")},
           {responses, input(R"({"id":"hit","type":"file_search_call","results":[]})")},
           {responses, input(R"({"id":"hit","type":"image_generation_call","result":""})")},
           {responses, input(R"({"id":"hit","type":"image_generation_call","content":[1]})")},
           {responses, input(R"({"id":"hit","type":null})")},
           {responses, input(R"({"type":"image_generation_call","id":"hit"})")},
           {responses, input(R"({"type":"code_interpreter_call","id":"c","container_id":"hit"})")},
           {responses, input(R"({"type":"shell_call","environment":{"container_id":"hit"}})")},
           {responses, input(R"({"type":"additional_tools","tools":[{"container":"hit"}]})")},
           {responses, tool(R"({"type":"file_search","vector_store_ids":["hit","vs_2"]})")},
           {responses, tool(R"({"type":"code_interpreter","container":"hit"})")},
           {responses, tool(R"({"container":{"type":"auto","file_ids":["hit"]}})")},
           {responses, tool(R"({"environment":{"container_id":"hit"}})")},
           {responses, tool(R"({"environment":{"skills":[{"skill_id":"hit"}]}})")},
           {responses,
            tool(R"({"environment":{"skills":[{"skill_id":"openai-pdf"},{"skill_id":"hit"}]}})")},
           {responses, tool(R"({"type":"mcp","server_label":"s","tunnel_id":"hit"})")},
           {responses, R"({"prompt_cache_options":{"comparison_response_id":"hit"}})"},
           {responses, tool(R"({"input_image_mask":{"file_id":"hit"}})")},
           {messages, user(file_block)},
           {count_tokens, user(file_block)},
           {messages, user(R"({"type":"image","source":{"type":"file","file_id":"hit"}})")},
           {messages, user(R"({"type":"container_upload","file_id":"hit"})")},
           {messages, user(R"({"type":"tool_result","content":[)" + file_block + "]}")},
           {messages, user(R"({"type":"document","source":{"type":"content","content":[)" +
                           file_block + "]}}")},
           {messages, user(R"({"type":"tool_result","content":[{"type":"document","source":)"
                           R"({"type":"content","content":[)" +
                           file_block + "]}}]}")},
           {messages, R"({"container":"hit"})"},
           {messages, R"({"container":{"id":"hit","skills":[]}})"},
           {messages, R"({"container":{"skills":[{"type":"anthropic","skill_id":"pptx"},)"
                      R"({"type":"custom","skill_id":"hit"}]}})"},
           {messages, R"({"diagnostics":{"previous_message_id":"hit"}})"},
           {generate_content, R"({"generateContentRequest":{"cachedContent":"hit"}})"},
           {gemini_count_tokens, R"({"generate_content_request":{"cached_content":"hit"}})"},
           {generate_content, R"({"tools":[{"fileSearch":{"fileSearchStoreNames":["hit"]}}]})"},
           {generate_content, R"({"tools":{"file_search":{"file_search_store_names":"hit"}}})"},
       }) {
    EXPECT_EQ(reference_in(row), "\"hit\"") << row.body;
    EXPECT_EQ(reference_in({other, row.body}), "\"hit\"") << "under another path: " << row.body;
  }
  for (const Row& row : std::vector<Row>{
           {messages, R"({"thread":{"type":"create"}})"},
           {messages, R"({"thread":{"type":"continue","previous_message_id":"m"}})"},
           {responses, R"({"prompt":{"id":"p"}})"},
           {generate_content, R"({"modelArmorConfig":{"promptTemplateName":"t"}})"},
           {generate_content, R"({"generationOutputConfig":{"outputUriPrefix":"gs://b"}})"},
           {generate_content, R"({"tools":[{"retrieval":{"externalApi":{"endpoint":"e"}}}]})"},
           {generate_content, R"({"tools":[{"google_maps":{"auth_config":{"apiKey":"k"}}}]})"},
       }) {
    EXPECT_TRUE(reference_in(row).starts_with("{")) << row.body;
    EXPECT_NE(reference_in({other, row.body}), "") << "under another path: " << row.body;
  }
  EXPECT_EQ(reference_in({generate_content,
                          R"({"tools":[{"retrieval":{"vertexRagStore":{"ragCorpora":[]}}}]})"}),
            "{");
}

TEST(StoredReferences, OfGeminiAreItsOwnFilesAlone) {
  using enum Endpoint;
  const std::string data =
      R"({"fileData":{"mimeType":"m","fileUri":"https://generativelanguage.googleapis.com/v1/files/a"}})";
  const std::string snake = R"({"file_data":{"file_uri":"files/a"}})";
  const std::string open = R"({"fileData":{"fileUri":"https://www.youtube.com/watch?v=a"}})";
  for (const std::string& part : {data, snake}) {
    for (const Row& row : std::vector<Row>{
             {generate_content, contents(part)},
             {stream_generate_content, contents(part)},
             {gemini_count_tokens,
              R"({"generateContentRequest":{"contents":[{"parts":[)" + part + "]}]}}"},
             {generate_content, R"({"contents":{"parts":)" + part + "}}"},
             {generate_content, R"({"systemInstruction":{"parts":[)" + part + "]}}"},
             {generate_content,
              contents(R"({"functionResponse":{"name":"f","parts":[)" + part + "]}}")},
             {embed_content, R"({"content":{"parts":[)" + part + "]}}"},
             {batch_embed_contents, R"({"requests":[{"content":{"parts":[)" + part + "]}}]}"},
         }) {
      EXPECT_TRUE(reference_in(row).contains("files/a")) << row.body;
      EXPECT_TRUE(reference_in({other, row.body}).contains("files/a")) << row.body;
    }
  }
  EXPECT_EQ(reference_in({generate_content, contents(open)}), "");
  EXPECT_TRUE(reference_in({generate_content, contents(open + "," + data)}).contains("files/a"));
}

TEST(StoredReferences, AreNotSeenInWhatAClientFillsAsItLikes) {
  using enum Endpoint;
  const std::string schema =
      R"({"type":"object","properties":{"file_id":{"type":"string"},"container":{"type":"string"},)"
      R"("source":{"file_id":"x"},"fileData":{"fileUri":"files/x"},"id":"x"},"required":["file_id"]})";
  for (const Row& row : std::vector<Row>{
           {chat_completions, user(R"({"type":"text","text":"{\"file\":{\"file_id\":\"x\"}}"})")},
           {chat_completions,
            user(R"({"type":"image_url","image_url":{"url":"u","file_id":"x"}})")},
           {chat_completions, user(R"({"type":"file","file":{"file_data":"data:x"}})")},
           {chat_completions, user(R"({"type":"file","file":{"file_id":null}})")},
           {chat_completions, R"({"messages":[],"tools":[{"type":"function","file_id":"x",)"
                              R"("function":{"parameters":)" +
                                  schema + "}}]}"},
           {chat_completions, R"({"messages":[{"role":"assistant","tool_calls":[{"id":"c",)"
                              R"("function":{"arguments":"{\"file_id\":1}"}}],"audio":null}]})"},
           {chat_completions, R"({"file_id":"x","metadata":{"file_id":"x"},"messages":"file_id"})"},
           {chat_completions, R"({"messages":[{"content":"x","file_id":"x","id":"x"}]})"},
           {chat_completions, R"({"messages":[],"audio":{"format":"wav","voice":"alloy"}})"},
           {responses, R"({"input":"file_id","tools":[{"type":"function","name":"file_id",)"
                       R"("parameters":)" +
                           schema + R"(}],"text":{"format":{"schema":)" + schema + "}}}"},
           {responses, input(R"({"type":"message","id":"msg","role":"user","content":[]})")},
           {responses, input(R"({"role":"assistant","id":"msg","content":[{"type":"output_text",)"
                             R"("annotations":[{"file_id":"x","container_id":"x"}]}]})")},
           {responses, input(R"({"type":"function_call","id":"fc","arguments":"{}"})")},
           {responses, input(R"({"type":"function_call_output","output":"{\"file_id\":1}"})")},
           {responses, input(R"({"type":"image_generation_call","id":"ig","result":"bytes"})")},
           {responses, input(R"({"type":"reasoning","summary":[]})")},
           {responses, input(R"({"type":"reasoning","id":"rs","encrypted_content":"gAAA"})")},
           {responses, input(R"({"id":"rs","content":[{"type":"reasoning_text","text":"t"}],)"
                             R"("type":"reasoning"})")},
           {responses, input(R"({"type":"compaction","id":"c","encrypted_content":"gAAA"})")},
           {responses, input(R"({"type":"file_search_call","id":"fs","results":[{"text":"t",)"
                             R"("file_id":"x"}]})")},
           {responses, input(R"({"type":"web_search_call","id":"ws","action":{"query":"q"}})")},
           {responses, input(R"({"type":"mcp_call","id":"m","result":{"file_id":"x"}})")},
           {responses, tool(R"({"type":"code_interpreter","container":{"type":"auto"}})")},
           {responses, tool(R"({"type":"file_search","vector_store_ids":[]})")},
           {responses, tool(R"({"type":"computer_use_preview","environment":"browser",)"
                            R"("display_width":1,"display_height":1})")},
           {responses, tool(R"({"environment":{"type":"container_auto","skills":[{"type":)"
                            R"("skill_reference","skill_id":"openai-spreadsheets"}]}})")},
           {responses, tool(R"({"type":"mcp","server_url":"u","connector_id":"connector_gmail"})")},
           {responses, R"({"input":"x","conversation":null,"prompt":null})"},
           {responses, R"({"input":"x","prompt_cache_options":{"comparison_response_id":null}})"},
           {messages, R"({"container":{"skills":[{"type":"anthropic","skill_id":"pptx"}]}})"},
           {messages, R"({"container":null,"thread":null,"diagnostics":null})"},
           {messages, R"({"diagnostics":{"previous_message_id":null}})"},
           {generate_content, R"({"tools":[{"googleMaps":{"enableWidget":true}}]})"},
           {generate_content, R"({"tools":[{"retrieval":{"disableAttribution":true}}]})"},
           {responses, tool(R"({"environment":{"type":"local","skills":[{"name":"s"}]}})")},
           {messages,
            user(R"({"type":"tool_use","id":"t","input":{"file_id":"x",)"
                 R"("source":{"type":"file","file_id":"x"},"content":[{"file_id":"x"}]}})")},
           {messages, user(R"({"type":"document","source":{"type":"base64","data":"eA=="}})")},
           {messages, user(R"({"type":"search_result","source":"file_id","content":[]})")},
           // Of what a server tool has made before: it is read nowhere.
           {messages, user(R"({"type":"code_execution_tool_result","content":{"type":)"
                           R"("code_execution_result","content":[{"file_id":"x"}]}})")},
           {messages, R"({"tools":[{"name":"t","input_schema":)" + schema + R"(}],"messages":[],)" +
                          R"("metadata":{"user_id":"u","file_id":"x"}})"},
           {generate_content,
            contents(R"({"functionCall":{"name":"f","args":{"fileData":{"fileUri":"files/x"}}}})")},
           {generate_content, contents(R"({"functionResponse":{"name":"f","response":)"
                                       R"({"parts":[{"fileData":{"fileUri":"files/x"}}]}}})")},
           {generate_content, contents(R"({"inlineData":{"fileUri":"files/x"}})")},
           {generate_content, R"({"tools":[{"functionDeclarations":[{"parameters":)" + schema +
                                  R"(}]}],"generationConfig":{"responseSchema":)" + schema + "}}"},
       }) {
    EXPECT_EQ(reference_in(row), "") << row.body;
  }
}

TEST(StoredReferences, CannotBeHiddenBehindAnotherWayToWriteThem) {
  using enum Endpoint;
  for (const Row& row : std::vector<Row>{
           {chat_completions, R"({"messages":[{"Content":[{"file":{"file_id":"x"}}]}]})"},
           {chat_completions, user(R"({"file":{"File_ID":"x"}})")},
           {chat_completions,
            "{\"messages\":[{\"content\":[{\"\xC5\xBF"
            "ource\":1,\"f\\u0049le\":{}}]}]}"},
           {responses, input(R"({"type":"message","id":"x","type":"item_reference"})")},
           {responses, input(R"({"type":"reasoning","id":"x","encrypted_content":"gAAA",)"
                             R"("encrypted_content":null})")},
           {responses, input(R"({"type":"reasoning","id":"x","content":[1],"content":[]})")},
           {responses, input(R"({"type":"reasoning","id":"x","Encrypted_content":"gAAA"})")},
           {responses, input(R"({"type":"message","id":"x","content":[{"\u0046ile_id":"x"}]})")},
           {responses, input(R"({"type":"message","Type":"item_reference","id":"x"})")},
           {messages, user(R"({"Source":{"file_id":"x"}})")},
           {generate_content, contents(R"({"filedata":{"fileUri":"files/x"}})")},
       }) {
    EXPECT_EQ(reference_in(row), "refused") << row.body;
  }
  // Of two with one name both are looked at.
  EXPECT_EQ(
      reference_in({chat_completions,
                    R"({"messages":[{"content":[{"file":{"file_id":"hit"}}],"content":"x"}]})"}),
      "\"hit\"");
  EXPECT_EQ(reference_in({messages, user(R"({"source":{"file_id":null,"file_id":"hit"}})")}),
            "\"hit\"");
}

// Where nobody knows the format, it is the keys that tell, wherever they stand.
TEST(StoredReferences, OfAFormatThatNobodyKnowsAreFoundAnywhere) {
  for (const std::string& body : {
           R"({"model":"gpt-image-1","prompt":"p","images":[{"file_id":"hit"}]})"s,
           R"({"images":[{"image_url":"u"}],"mask":{"file_id":"hit"}})"s,
           R"({"input":"hi","voice":{"id":"hit"}})"s,
           R"({"session":{"type":"realtime","prompt":{"id":"hit"}}})"s,
           R"({"session":{"audio":{"output":{"voice":{"id":"hit"}}}}})"s,
           R"({"session":{"tools":[{"type":"file_search","vector_store_ids":["hit"]}]}})"s,
           R"({"document":{"type":"file","file_id":"hit"}})"s,
           R"({"a":[[{"b":{"c":[null,{"file_\u0069d":"hit"}]}}]]})"s,
           R"({"a":{"previous_response_id":"hit"}})"s,
           R"({"conversation":"hit"})"s,
           R"({"conversation":{"id":"hit"}})"s,
           R"({"container":{"skills":[{"type":"custom","skill_id":"hit"}]}})"s,
           R"({"container":{"id":"hit"}})"s,
           R"({"input":{"file_id":"hit"}})"s,
           R"({"input":[{"id":"hit"}]})"s,
           R"({"messages":[{"content":{"parts":[{"fileData":{"fileUri":"files/x","x":1}}]}}],)"
           R"("a":1})"s,
           R"({"instances":[{"image":{"gcsUri":"hit"}}]})"s,
           R"({"parameters":{"storageUri":"hit"}})"s,
           R"({"semanticRetriever":{"source":"corpora/x"}})"s,
           R"({"x":"y","metadata":{},"metadatas":{"file_id":"hit"}})"s,
       }) {
    const std::string found = reference_in({Endpoint::other, body});
    if (body.contains("hit")) {
      EXPECT_EQ(found, "\"hit\"") << body;
    } else {
      EXPECT_TRUE(!found.empty() && found != "refused") << body;
    }
    EXPECT_EQ(reference_in({Endpoint::unknown, body}), found);
  }
  EXPECT_EQ(reference_in({Endpoint::other, R"({"model":"m","store":true})"}), "true");
  EXPECT_EQ(reference_in({Endpoint::other, R"({"model":"m","store":1})"}), "1");
  EXPECT_EQ(reference_in({Endpoint::other, R"({"model":"m","background":"\u0059es"})"}),
            R"("\u0059es")");
  EXPECT_EQ(reference_in({Endpoint::other, R"({"background":true})"}), "true");
}

TEST(StoredReferences, OfAFormatThatNobodyKnowsAreNotSeenInWhatAClientFillsAsItLikes) {
  const std::string schema =
      R"({"type":"object","properties":{"file_id":{"type":"string"},"container":{"type":"string"}}})";
  for (
      const std::string& body : {
          R"({"model":"m","prompt":"file_id","background":"transparent","store":false,"user":"u"})"s,
          R"({"model":"m","input":"file_id","voice":"alloy","instructions":"container"})"s,
          R"({"output_format":{"container":"mp3","encoding":"x"}})"s,
          R"({"metadata":{"file_id":"x","a":{"file_id":"x"}},"labels":{"thread_id":"x"}})"s,
          R"({"tools":[{"type":"function","parameters":)"s + schema + "}]}",
          R"({"tools":[{"type":"function","function":{"parameters":)"s + schema + "}}]}",
          R"({"tools":[{"name":"f","input_schema":)"s + schema + "}]}",
          R"({"tools":{"functionDeclarations":[{"response":)"s + schema + "}]}}",
          R"({"tools":[{"type":"code_interpreter","container":{"type":"auto"}}]})"s,
          R"({"text":{"format":{"schema":)"s + schema + "}}}",
          R"({"generationConfig":{"responseSchema":)"s + schema + "}}",
          R"({"messages":[{"content":[{"type":"tool_use","id":"t","input":{"file_id":"x",)"
          R"("content":[{"file_id":"x"}]}}]}]})"s,
          R"({"messages":[{"content":[{"type":"code_execution_tool_result","content":)"
          R"({"type":"code_execution_result","content":[{"file_id":"x"}]}}]}]})"s,
          R"({"contents":[{"parts":[{"functionCall":{"args":{"fileUri":"files/x"}}},)"
          R"({"functionResponse":{"response":{"file_id":"x"},"parts":[]}}]}]})"s,
          R"({"contents":[{"parts":[{"fileData":{"fileUri":"https://www.youtube.com/watch"}}]}]})"s,
          R"({"model":"m","input":[{"type":"message","id":"msg","role":"assistant","content":[)"
          R"({"type":"output_text","text":"t","annotations":[{"file_id":"x"}]}]},)"
          R"({"type":"reasoning","id":"rs","encrypted_content":"gAAA"},)"
          R"({"type":"file_search_call","id":"fs","results":[{"file_id":"x"}]},)"
          R"({"type":"function_call","id":"fc","arguments":"{\"file_id\":1}"}]})"s,
          R"({"vector_store_ids":[],"file_id":null,"fileUri":null})"s,
          R"({"":{"file_id":"x"}})"s,
      }) {
    EXPECT_EQ(reference_in({Endpoint::other, body}), "") << body;
  }
  std::string deep = "{}";
  for (int nested = 0; nested < 40; ++nested)
    deep = R"({"properties":{"content":[)" + deep + "]}}";
  EXPECT_EQ(reference_in({Endpoint::other, R"({"tools":[{"parameters":)" + deep + "}]}"}), "");
  const std::string body = R"({"a":)" + deep + "}";
  const auto facts = scan_body(bytes_of(body), Endpoint::other, {});
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->too_deep_to_see);
  EXPECT_FALSE(facts->stored_reference);
}

TEST(StoredReferences, OfAFormatThatNobodyKnowsCannotBeHidden) {
  for (const std::string& body : {
           R"({"images":[{"File_ID":"x"}]})"s,
           R"({"images":[{"\u0046ile_id":"x"}]})"s,
           "{\"a\":{\"s\xE2\x84\xAAill_id\":1}}"s,
           R"({"voice":{"ID":"x"}})"s,
           R"({"tools":[{"Container":"x"}]})"s,
           R"({"Store":true})"s,
           R"({"input":[{"type":"message","id":"x","type":"item_reference"}]})"s,
       }) {
    EXPECT_EQ(reference_in({Endpoint::other, body}), "refused") << body;
  }
  EXPECT_EQ(reference_in({Endpoint::other, R"({"a":{"file_id":null,"file_id":"hit"}})"}),
            "\"hit\"");
  EXPECT_EQ(reference_in({Endpoint::other, R"({"store":true,"store":false})"}), "true");
}

// What an item was stands in that item: another one's says nothing of it.
TEST(StoredReferences, OfOneItemAreNotCoveredByAnother) {
  const std::string sealed = R"({"type":"reasoning","id":"rs","encrypted_content":"gAAA"})";
  const std::string named = R"({"type":"reasoning","id":"hit"})";
  for (const std::string& items : {sealed + "," + named, named + "," + sealed,
                                   sealed + R"(,["a"],"b",)" + named + "," + sealed}) {
    EXPECT_EQ(reference_in({Endpoint::responses, input(items)}), "\"hit\"") << items;
  }
  EXPECT_EQ(reference_in({Endpoint::responses, input(sealed + "," + sealed)}), "");
}

// Where a way to such names goes on below the depth to which it is followed it is told, not missed.
TEST(StoredReferences, BelowTheDepthToWhichTheyAreLookedForAreToldToBeUnseen) {
  const std::string file = R"({"type":"document","source":{"type":"file","file_id":"hit"}})";
  std::string block = file;
  for (int nested = 0; nested < 6; ++nested) {
    const std::string body = user(block);
    const auto facts = scan_body(bytes_of(body), Endpoint::messages, {});
    ASSERT_TRUE(facts);
    const bool seen = static_cast<bool>(facts->stored_reference);
    EXPECT_NE(seen, static_cast<bool>(facts->too_deep_to_see)) << body;
    EXPECT_EQ(seen, nested <= 3) << body;
    EXPECT_TRUE(facts->names_stored());
    EXPECT_TRUE(seen || "[{"s.contains(body.at(facts->too_deep_to_see.offset)));
    block = R"({"type":"tool_result","content":[)" + block + "]}";
  }
  // What a client fills as it likes may be as deep as it likes.
  std::string schema = "{}";
  for (int nested = 0; nested < 40; ++nested)
    schema = R"({"properties":{"content":[)" + schema + "]}}";
  for (const Row& row : std::vector<Row>{
           {Endpoint::messages, R"({"tools":[{"input_schema":)" + schema + R"(}],"messages":[]})"},
           {Endpoint::messages, user(R"({"type":"tool_use","input":)" + schema + "}")},
           {Endpoint::responses, tool(R"({"type":"function","parameters":)" + schema + "}")},
           {Endpoint::generate_content,
            contents(R"({"functionCall":{"name":"f","args":)" + schema + "}}")},
       }) {
    const auto facts = scan_body(bytes_of(row.body), row.endpoint, {});
    ASSERT_TRUE(facts);
    EXPECT_FALSE(facts->names_stored()) << row.body;
  }
}

}  // namespace
}  // namespace headrace::policy

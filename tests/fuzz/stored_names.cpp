#include "tests/fuzz/stored_names.h"

#include <algorithm>
#include <initializer_list>
#include <regex>
#include <set>
#include <string>

namespace headrace::fuzz {
namespace {

using Json = ReferenceJson;
using Type = ReferenceJson::Type;
using policy::Endpoint;

// In what stands deeper nothing is looked for; that it is there is told.
constexpr int kDepthMax = 12;
constexpr std::size_t kUriBeginMax = 288;

// In a format that nobody knows.
const std::set<std::string_view> kNames = {
    "file_id",
    "file_ids",
    "vector_store_id",
    "vector_store_ids",
    "container_id",
    "tunnel_id",
    "previous_response_id",
    "comparison_response_id",
    "previous_message_id",
    "conversation_id",
    "thread_id",
    "assistant_id",
    "agent_id",
    "library_ids",
    "cachedContent",
    "cached_content",
    "fileSearchStoreNames",
    "file_search_store_names",
    "vertexAiSearch",
    "vertex_ai_search",
    "vertexRagStore",
    "vertex_rag_store",
    "semanticRetriever",
    "semantic_retriever",
    "gcsUri",
    "gcs_uri",
    "storageUri",
    "storage_uri",
    "outputUriPrefix",
    "output_uri_prefix",
    "modelArmorConfig",
    "model_armor_config",
    "externalApi",
    "external_api",
    "authConfig",
    "auth_config",
};
const std::set<std::string_view> kSkill = {"skill_id"};
const std::set<std::string_view> kFreeForms = {
    "metadata",
    "labels",
    "env",
    "json",
    "args",
    "arguments",
    "parameters",
    "schema",
    "input_schema",
    "inputSchema",
    "input_examples",
    "functionDeclarations",
    "function_declarations",
    "responseSchema",
    "response_schema",
    "responseJsonSchema",
    "response_json_schema",
    "annotations",
    "citations",
};

bool is_container(const Json& value) {
  return value.type == Type::object || value.type == Type::array;
}

// Each function takes a value and the depth that a container has there.
class Search {
 public:
  StoredNames found;

  void chat(const Json& root) {
    for (const Json* audio : at(root, 1, {"audio"}))
      for (const Json* voice : at(*audio, 2, {"voice"}, true))
        names_at(*voice, 3, {"file_id", "id"});
    for (const Json* messages : at(root, 1, {"messages"}))
      for (const Json* message : elements(*messages, 2))
        chat_message(*message, 3);
  }

  void responses(const Json& root) {
    for (const Json* value : at(root, 1, {"conversation"}))
      found.named |= value->type != Type::null;
    for (const Json* value : at(root, 1, {"prompt"}))
      name(*value, 2);
    for (const Json* options : at(root, 1, {"prompt_cache_options"}))
      responses_source(*options, 2);
    for (const Json* input : at(root, 1, {"input"}))
      for (const Json* item : elements(*input, 2))
        responses_item(*item, 3);
    for (const Json* tools : at(root, 1, {"tools"}))
      for (const Json* tool : elements(*tools, 2))
        responses_tool(*tool, 3);
  }

  void messages(const Json& root) {
    for (const Json* container : at(root, 1, {"container"})) {
      found.named |= container->type == Type::string;
      names_at(*container, 2, {"id"});
      skills(*container, 2);
    }
    for (const Json* value : at(root, 1, {"thread"}))
      name(*value, 2);
    for (const Json* diagnostics : at(root, 1, {"diagnostics"}))
      claude_source(*diagnostics, 2);
    for (const Json* messages : at(root, 1, {"messages"}))
      for (const Json* message : elements(*messages, 2))
        for (const Json* content : at(*message, 3, {"content"}))
          claude_blocks(*content, 4);
  }

  void gemini(const Json& root) {
    for (const Json* value : at(root, 1, {"cachedContent", "cached_content"}))
      found.named |= value->type != Type::null;
    for (const Json* value : at(root, 1,
                                {"modelArmorConfig", "model_armor_config", "generationOutputConfig",
                                 "generation_output_config"}))
      name(*value, 2);
    for (const Json* contents :
         at(root, 1, {"contents", "content", "systemInstruction", "system_instruction"})) {
      const bool prompt = contents->key.starts_with("content");
      if (prompt)
        for (const Json* content : elements(*contents, 2))
          gemini_content(*content, 3);
      for (const Json* parts : at(*contents, 2, {"parts"}))
        gemini_part(*parts, 3);
    }
    for (const Json* requests : at(root, 1, {"requests"})) {
      for (const Json* content : at(*requests, 2, {"content"}))
        gemini_content(*content, 3);
      for (const Json* request : elements(*requests, 2))
        for (const Json* content : at(*request, 3, {"content"}))
          gemini_content(*content, 4);
    }
    for (const Json* tools : at(root, 1, {"tools"}))
      gemini_tool(*tools, 2);
    for (const Json* wrapped :
         at(root, 1, {"generateContentRequest", "generate_content_request"})) {
      for (const Json* content :
           at(*wrapped, 2, {"contents", "systemInstruction", "system_instruction"}))
        gemini_content(*content, 3);
      for (const Json* value : at(*wrapped, 2, {"cachedContent", "cached_content"}))
        name(*value, 3);
      for (const Json* tools : at(*wrapped, 2, {"tools"}))
        gemini_tool(*tools, 3);
    }
  }

  void any_format(const Json& root) {
    for (const Json& value : root.members) {
      if (value.key == "store" || value.key == "background") {
        static const std::regex kTrue("true|t|1|on|yes|y", std::regex::icase);
        found.named |= value.type == Type::boolean_true ||
                       (value.type == Type::number && value.text != "0") ||
                       (value.type == Type::string && value.text.size() < 5 &&
                        std::regex_match(value.text, kTrue));
      } else if (value.key == "container") {
        any_holder(value, 2);
      } else if (value.key == "thread") {
        name(value, 2);
      } else if (value.key == "parameters" || value.key == "json" || value.key == "args" ||
                 value.key == "arguments") {
        anything(value, 2);
      } else if (value.key == "input") {
        for (const Json* item : elements(value, 2))
          any_item(*item, 3);
        any_members(value, 2, {});
      } else {
        any_member(value, 2);
      }
    }
  }

 private:
  using Values = std::vector<const Json*>;

  void any_item(const Json& item, int depth) {
    judge_item(item, depth);
    any_members(item, depth,
                {"id", "type", "role", "result", "results", "encrypted_content", "content"});
    for (const Json* findings : at(item, depth, {"results"}))
      found.unseen |= is_container(*findings) && depth + 1 > kDepthMax;
    for (const Json* content : at(item, depth, {"content"}))
      any_content(*content, depth + 1);
  }

  void anything(const Json& value, int depth) {
    for (const Json* one : elements(value, depth))
      anything(*one, depth + 1);
    any_members(value, depth, {});
  }

  void any_members(const Json& object, int depth, std::set<std::string_view> but) {
    if (object.type != Type::object || depth > kDepthMax) return;
    for (const Json& value : object.members) {
      if (!but.contains(value.key)) any_member(value, depth + 1);
    }
  }

  // By its key, whatever it is in.
  void any_member(const Json& value, int depth) {
    const std::string_view key = value.key;
    for (const auto* keys : {&kNames, &kFreeForms, &kSkill}) {
      for (const std::string_view known : *keys)
        found.ambiguous |= key != known && folded_key(key) == folded_key(known);
    }
    if (key.empty()) return;
    found.unseen |= is_container(value) && depth > kDepthMax;
    if (kNames.contains(key)) {
      name(value, depth);
    } else if (kSkill.contains(key)) {
      skill_id(value);
    } else if (key == "fileUri" || key == "file_uri") {
      if (value.type == Type::string) file_uri(value);
    } else if (key == "conversation") {
      any_holder(value, depth);
    } else if (key == "prompt" || key == "audio" || key == "voice") {
      any_source(value, depth);
    } else if (key == "tools") {
      any_tool(value, depth);
    } else if (key == "content") {
      any_content(value, depth);
    } else if (key == "input") {
      for (const Json* one : elements(value, depth))
        anything(*one, depth + 1);
    } else if (key == "functionResponse" || key == "function_response") {
      any_reply(value, depth);
    } else if (!kFreeForms.contains(key)) {
      anything(value, depth);
    }
  }

  void any_holder(const Json& holder, int depth) {
    found.named |= holder.type == Type::string;
    any_source(holder, depth);
  }

  void any_source(const Json& source, int depth) {
    for (const Json* one : elements(source, depth))
      anything(*one, depth + 1);
    names_at(source, depth, {"id"});
    any_members(source, depth, {"id"});
  }

  void any_tool(const Json& tool, int depth) {
    for (const Json* one : elements(tool, depth))
      any_tool(*one, depth + 1);
    for (const Json* container : at(tool, depth, {"container"}))
      any_holder(*container, depth + 1);
    any_members(tool, depth, {"container"});
  }

  void any_content(const Json& content, int depth) {
    for (const Json* one : elements(content, depth))
      anything(*one, depth + 1);
    names_at(content, depth, {"file_id"});
    for (const Json* inside : at(content, depth, {"parts", "source"}))
      anything(*inside, depth + 1);
  }

  void any_reply(const Json& reply, int depth) {
    for (const Json* one : elements(reply, depth))
      any_reply(*one, depth + 1);
    for (const Json* parts : at(reply, depth, {"parts"}, true))
      anything(*parts, depth + 1);
  }

  Values at(const Json& object, int depth, std::initializer_list<std::string_view> keys,
            bool containers_only = false) {
    Values out;
    found.unseen |= is_container(object) && depth > kDepthMax;
    if (object.type != Type::object || depth > kDepthMax) return out;
    for (const std::string_view key : keys) {
      for (const Json& value : object.members) {
        if (value.key == key) {
          out.push_back(&value);
        } else if (folded_key(value.key) == folded_key(key) &&
                   (!containers_only || is_container(value))) {
          found.ambiguous = true;
        }
      }
    }
    return out;
  }

  Values elements(const Json& array, int depth) {
    Values out;
    found.unseen |= is_container(array) && depth > kDepthMax;
    if (array.type != Type::array || depth > kDepthMax) return out;
    for (const Json& value : array.elements)
      out.push_back(&value);
    return out;
  }

  void name(const Json& value, int depth) {
    found.unseen |= is_container(value) && depth > kDepthMax;
    if (value.type == Type::array) {
      for (const Json* one : elements(value, depth))
        name(*one, depth + 1);
    } else if (value.type != Type::null) {
      found.named = true;
    }
  }

  void names_at(const Json& object, int depth, std::initializer_list<std::string_view> keys) {
    for (const Json* value : at(object, depth, keys))
      name(*value, depth + 1);
  }

  void chat_message(const Json& message, int depth) {
    for (const Json* content : at(message, depth, {"content"}, true)) {
      for (const Json* part : elements(*content, depth + 1)) {
        names_at(*part, depth + 2, {"file_id"});
        for (const Json* file : at(*part, depth + 2, {"file"}))
          names_at(*file, depth + 3, {"file_id", "id"});
      }
    }
    for (const Json* audio : at(message, depth, {"audio"}, true))
      names_at(*audio, depth + 1, {"file_id", "id"});
  }

  void judge_item(const Json& item, int depth) {
    std::set<std::string> told;
    std::string type;
    for (const Json* value :
         at(item, depth,
            {"id", "type", "role", "result", "results", "encrypted_content", "content"})) {
      const bool is_list = value->key == "results" || value->key == "content";
      if (value->type == Type::null || is_container(*value) != is_list) continue;
      if (value->key == "type" && value->type == Type::string) type = value->text;
      const bool says = value->key == "id" || value->key == "type" || !value->elements.empty() ||
                        !value->members.empty() ||
                        (value->type == Type::string && !value->text.empty());
      if (says) told.insert(value->key);
    }
    const bool named_only = (!told.contains("type") && !told.contains("role")) ||
                            type == "item_reference" ||
                            (type == "image_generation_call" && !told.contains("result")) ||
                            (type == "file_search_call" && !told.contains("results")) ||
                            ((type == "reasoning" || type == "compaction") &&
                             !told.contains("encrypted_content") && !told.contains("content"));
    found.named |= told.contains("id") && named_only;
  }

  void responses_item(const Json& item, int depth) {
    judge_item(item, depth);
    for (const Json* parts : at(item, depth, {"content", "output"})) {
      names_at(*parts, depth + 1, {"file_id"});
      for (const Json* part : elements(*parts, depth + 1))
        names_at(*part, depth + 2, {"file_id"});
    }
    names_at(item, depth, {"container_id"});
    for (const Json* environment : at(item, depth, {"environment"}))
      responses_environment(*environment, depth + 1);
    for (const Json* tools : at(item, depth, {"tools"}))
      responses_tool(*tools, depth + 1);
  }

  void responses_tool(const Json& tool, int depth) {
    for (const Json* one : elements(tool, depth))
      responses_tool(*one, depth + 1);
    names_at(tool, depth, {"vector_store_ids", "tunnel_id"});
    for (const Json* container : at(tool, depth, {"container"})) {
      found.named |= container->type == Type::string;
      responses_environment(*container, depth + 1);
    }
    for (const Json* environment : at(tool, depth, {"environment"}))
      responses_environment(*environment, depth + 1);
    for (const Json* mask : at(tool, depth, {"input_image_mask"}))
      responses_source(*mask, depth + 1);
  }

  void responses_environment(const Json& environment, int depth) {
    names_at(environment, depth, {"container_id", "file_ids"});
    skills(environment, depth);
  }

  void responses_source(const Json& source, int depth) {
    names_at(source, depth, {"file_id", "comparison_response_id"});
  }

  void skills(const Json& holder, int depth) {
    for (const Json* list : at(holder, depth, {"skills"}))
      for (const Json* skill : elements(*list, depth + 1))
        for (const Json* id : at(*skill, depth + 2, {"skill_id"})) {
          found.unseen |= is_container(*id) && depth + 3 > kDepthMax;
          skill_id(*id);
        }
  }

  void skill_id(const Json& id) {
    static const std::regex kForEverybody("docx|pdf|pptx|xlsx|openai-[-a-zA-Z0-9]{0,57}");
    if (id.type == Type::null || is_container(id)) return;
    found.named |= id.type != Type::string || !std::regex_match(id.text, kForEverybody);
  }

  void claude_blocks(const Json& blocks, int depth) {
    for (const Json* block : elements(blocks, depth)) {
      names_at(*block, depth + 1, {"file_id"});
      for (const Json* content : at(*block, depth + 1, {"content"}))
        claude_blocks(*content, depth + 2);
      for (const Json* source : at(*block, depth + 1, {"source"}))
        claude_source(*source, depth + 2);
    }
  }

  void claude_source(const Json& source, int depth) {
    names_at(source, depth, {"file_id", "previous_message_id"});
    for (const Json* content : at(source, depth, {"content"}))
      claude_blocks(*content, depth + 1);
  }

  void gemini_content(const Json& content, int depth) {
    for (const Json* one : elements(content, depth))
      gemini_content(*one, depth + 1);
    for (const Json* parts : at(content, depth, {"parts"}, true))
      gemini_part(*parts, depth + 1);
  }

  void gemini_part(const Json& part, int depth) {
    for (const Json* one : elements(part, depth))
      gemini_part(*one, depth + 1);
    for (const Json* response : at(part, depth, {"functionResponse", "function_response"}, true))
      gemini_content(*response, depth + 1);
    for (const Json* file : at(part, depth, {"fileData", "file_data"}, true)) {
      for (const Json* uri : at(*file, depth + 1, {"fileUri", "file_uri"})) {
        found.unseen |= is_container(*uri) && depth + 2 > kDepthMax;
        if (uri->type == Type::string) file_uri(*uri);
      }
    }
  }

  void gemini_tool(const Json& tool, int depth) {
    for (const Json* one : elements(tool, depth))
      gemini_tool(*one, depth + 1);
    for (const Json* holder :
         at(tool, depth, {"fileSearch", "file_search", "retrieval", "googleMaps", "google_maps"},
            true))
      names_at(*holder, depth + 1,
               {"fileSearchStoreNames", "file_search_store_names", "vertexAiSearch",
                "vertex_ai_search", "vertexRagStore", "vertex_rag_store", "externalApi",
                "external_api", "authConfig", "auth_config"});
  }

  void file_uri(const Json& uri) {
    static const std::regex kOpen(
        "https?://([-a-z0-9.]*[-a-z0-9][-a-z0-9.]*)(:[0-9]*)?([/?#][^]*)?", std::regex::icase);
    if (!uri.whole) found.unsure = true;
    if (uri.text.size() > kUriBeginMax - 4 && uri.text.find_first_of("/?#", 8) > kUriBeginMax - 4) {
      found.unsure |= uri.text.find_first_of("/?#", 8) <= kUriBeginMax;
      found.named = true;
      return;
    }
    // What is behind its host says nothing, and expressions are slow.
    const std::string begin = uri.text.substr(0, kUriBeginMax);
    std::smatch parts;
    if (!std::regex_match(begin, parts, kOpen)) {
      found.named = true;
      return;
    }
    found.named |= folded_key(parts[1].str()).contains("generativelanguage");
  }
};

}  // namespace

StoredNames stored_names(const ReferenceJson& root, Endpoint endpoint) {
  Search search;
  switch (endpoint) {
    case Endpoint::chat_completions:
      search.chat(root);
      break;
    case Endpoint::responses:
      search.responses(root);
      break;
    case Endpoint::messages:
      search.messages(root);
      break;
    case Endpoint::generate_content:
    case Endpoint::batch_embed_contents:
      search.gemini(root);
      break;
    case Endpoint::other:
      search.any_format(root);
      break;
    default:
      break;
  }
  return search.found;
}

std::string folded_key(std::string_view key) {
  std::string out;
  while (!key.empty()) {
    if (key.starts_with("\u017F")) {
      out.push_back('s');
      key.remove_prefix(2);
    } else if (key.starts_with("\u212A")) {
      out.push_back('k');
      key.remove_prefix(3);
    } else {
      const char c = key.front();
      out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
      key.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace headrace::fuzz

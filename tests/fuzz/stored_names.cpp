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
    for (const Json* value : at(root, 1, {"conversation", "prompt"}))
      found.named |= value->type != Type::null;
    for (const Json* input : at(root, 1, {"input"}))
      for (const Json* item : elements(*input, 2))
        responses_item(*item, 3);
    for (const Json* tools : at(root, 1, {"tools"}))
      for (const Json* tool : elements(*tools, 2))
        responses_tool(*tool, 3);
  }

  void messages(const Json& root) {
    for (const Json* value : at(root, 1, {"container"}))
      found.named |= value->type != Type::null;
    for (const Json* messages : at(root, 1, {"messages"}))
      for (const Json* message : elements(*messages, 2))
        for (const Json* content : at(*message, 3, {"content"}))
          claude_blocks(*content, 4);
  }

  void gemini(const Json& root) {
    for (const Json* value : at(root, 1, {"cachedContent", "cached_content"}))
      found.named |= value->type != Type::null;
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

 private:
  using Values = std::vector<const Json*>;

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

  void responses_item(const Json& item, int depth) {
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
    for (const Json* parts : at(item, depth, {"content", "output"})) {
      names_at(*parts, depth + 1, {"file_id"});
      for (const Json* part : elements(*parts, depth + 1))
        names_at(*part, depth + 2, {"file_id"});
    }
    names_at(item, depth, {"container_id"});
    for (const Json* environment : at(item, depth, {"environment"}))
      responses_holder(*environment, depth + 1);
    for (const Json* tools : at(item, depth, {"tools"}))
      responses_tool(*tools, depth + 1);
  }

  void responses_tool(const Json& tool, int depth) {
    for (const Json* one : elements(tool, depth))
      responses_tool(*one, depth + 1);
    names_at(tool, depth, {"vector_store_ids"});
    for (const Json* holder : at(tool, depth, {"container", "environment"}))
      responses_holder(*holder, depth + 1);
    for (const Json* mask : at(tool, depth, {"input_image_mask"}))
      names_at(*mask, depth + 1, {"file_id"});
  }

  void responses_holder(const Json& holder, int depth) {
    found.named |= holder.type == Type::string;
    names_at(holder, depth, {"container_id", "file_ids"});
    for (const Json* skills : at(holder, depth, {"skills"}))
      for (const Json* skill : elements(*skills, depth + 1))
        names_at(*skill, depth + 2, {"skill_id"});
  }

  void claude_blocks(const Json& blocks, int depth) {
    for (const Json* block : elements(blocks, depth)) {
      names_at(*block, depth + 1, {"file_id"});
      for (const Json* content : at(*block, depth + 1, {"content"}))
        claude_blocks(*content, depth + 2);
      for (const Json* source : at(*block, depth + 1, {"source"})) {
        names_at(*source, depth + 2, {"file_id"});
        for (const Json* content : at(*source, depth + 2, {"content"}))
          claude_blocks(*content, depth + 3);
      }
    }
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
    for (const Json* holder : at(tool, depth, {"fileSearch", "file_search", "retrieval"}, true))
      names_at(*holder, depth + 1,
               {"fileSearchStoreNames", "file_search_store_names", "vertexAiSearch",
                "vertex_ai_search", "vertexRagStore", "vertex_rag_store"});
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

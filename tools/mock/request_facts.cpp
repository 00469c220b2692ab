#include "tools/mock/request_facts.h"

#include <algorithm>

#include "tools/mock/tool_arguments.h"

namespace headrace::tools::mock {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// A tool as declared, and the choice between tools, while the body is walked.
struct ToolChoice {
  array tools;
  bool any_tools = false;
  std::string_view wanted;  // by name; empty: the first
};

bool is_true(element value) {
  bool flag = false;
  return value.get(flag) == simdjson::SUCCESS && flag;
}

std::string_view text_of(element value) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

std::optional<std::uint64_t> count_of(element value) {
  std::uint64_t count = 0;
  if (value.get(count) != simdjson::SUCCESS) return std::nullopt;
  return count;
}

std::uint32_t bounded(std::optional<std::uint64_t> count, std::uint32_t max) {
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(count.value_or(1), 1, max));
}

// "text", ["text", "text"], [1, 2, 3] (one text as tokens) or [[1, 2], [3]].
std::uint32_t count_inputs(element input) {
  array entries;
  if (input.get(entries) != simdjson::SUCCESS || entries.size() == 0) return 1;
  if ((*entries.begin()).is<std::int64_t>()) return 1;
  return bounded(entries.size(), RequestFactsReader::kInputsMax);
}

void read_stream_options(element value, RequestFacts& facts) {
  object options;
  if (value.get(options) != simdjson::SUCCESS) return;
  for (const auto& field : options) {
    if (field.key == "include_usage") facts.include_usage = is_true(field.value);
    if (field.key == "include_obfuscation") facts.include_obfuscation = is_true(field.value);
  }
}

// "required", "any", {"type":"function","function":{"name"}}, {"type":"function","name"},
// {"type":"any"}, {"type":"tool","name"}
void read_tool_choice(element value, RequestFacts& facts, ToolChoice& choice) {
  element type = value;
  object chosen;
  if (value.get(chosen) == simdjson::SUCCESS) {
    if (chosen["type"].get(type) != simdjson::SUCCESS) return;
    element name;
    if (chosen["function"]["name"].get(name) == simdjson::SUCCESS ||
        chosen["name"].get(name) == simdjson::SUCCESS) {
      choice.wanted = text_of(name);
    }
  }
  const auto kind = text_of(type);
  facts.tool_required = kind == "required" || kind == "any" || kind == "function" || kind == "tool";
}

// Gemini: {"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}
void read_tool_config(element value, RequestFacts& facts, ToolChoice& choice) {
  object config;
  if (value["functionCallingConfig"].get(config) != simdjson::SUCCESS &&
      value["function_calling_config"].get(config) != simdjson::SUCCESS) {
    return;
  }
  for (const auto& field : config) {
    if (field.key == "mode") facts.tool_required = text_of(field.value) == "ANY";
    array names;
    if ((field.key == "allowedFunctionNames" || field.key == "allowed_function_names") &&
        field.value.get(names) == simdjson::SUCCESS && names.size() > 0) {
      choice.wanted = text_of(*names.begin());
    }
  }
}

void read_generation_config(element value, RequestFacts& facts) {
  object config;
  if (value.get(config) != simdjson::SUCCESS) return;
  for (const auto& field : config) {
    if (field.key == "maxOutputTokens" || field.key == "max_output_tokens") {
      facts.output_tokens_max = count_of(field.value);
    } else if (field.key == "candidateCount" || field.key == "candidate_count") {
      facts.choices = bounded(count_of(field.value), RequestFactsReader::kChoicesMax);
    } else if (field.key == "outputDimensionality") {
      facts.dimensions = bounded(count_of(field.value), 1U << 16U);
    }
  }
}

void read_openai_field(std::string_view key, element value, RequestFacts& facts,
                       ToolChoice& choice) {
  if (key == "stream_options") {
    read_stream_options(value, facts);
  } else if (key == "max_completion_tokens" || key == "max_output_tokens" ||
             (key == "max_tokens" && !facts.output_tokens_max)) {
    facts.output_tokens_max = count_of(value);
  } else if (key == "n") {
    facts.choices = bounded(count_of(value), RequestFactsReader::kChoicesMax);
  } else if (key == "input" || key == "prompt") {
    facts.inputs = count_inputs(value);
  } else if (key == "dimensions") {
    facts.dimensions = bounded(count_of(value), 1U << 16U);
  } else if (key == "encoding_format") {
    facts.base64 = text_of(value) == "base64";
  } else if (key == "tool_choice") {
    read_tool_choice(value, facts, choice);
  }
}

void read_anthropic_field(std::string_view key, element value, RequestFacts& facts,
                          ToolChoice& choice) {
  if (key == "max_tokens") {
    facts.output_tokens_max = count_of(value);
  } else if (key == "thinking") {
    element type;
    if (value["type"].get(type) == simdjson::SUCCESS) {
      facts.thinking = text_of(type) == "enabled" || text_of(type) == "adaptive";
    }
  } else if (key == "tool_choice") {
    read_tool_choice(value, facts, choice);
  }
}

void read_gemini_field(std::string_view key, element value, RequestFacts& facts,
                       ToolChoice& choice) {
  if (key == "generationConfig" || key == "generation_config") {
    read_generation_config(value, facts);
  } else if (key == "toolConfig" || key == "tool_config") {
    read_tool_config(value, facts, choice);
  } else if (key == "outputDimensionality") {
    facts.dimensions = bounded(count_of(value), 1U << 16U);
  } else if (key == "requests") {
    array requests;
    if (value.get(requests) == simdjson::SUCCESS && requests.size() > 0) {
      facts.inputs = bounded(requests.size(), RequestFactsReader::kInputsMax);
      element dimensions;
      if ((*requests.begin())["outputDimensionality"].get(dimensions) == simdjson::SUCCESS) {
        facts.dimensions = bounded(count_of(dimensions), 1U << 16U);
      }
    }
  }
}

// Takes the tool if it is the wanted one, or the first; true when the search is over.
bool take_tool(object tool, const ToolChoice& choice, RequestFacts& facts, std::string& arguments) {
  element name;
  if (tool["name"].get(name) != simdjson::SUCCESS) return false;
  const auto text = text_of(name);
  if (text.empty() || (!choice.wanted.empty() && text != choice.wanted)) return false;
  facts.tool_name = text;
  arguments.clear();
  for (const std::string_view key : {"parameters", "input_schema", "parametersJsonSchema"}) {
    element schema;
    if (tool[key].get(schema) != simdjson::SUCCESS) continue;
    put_tool_arguments(arguments, schema);
    break;
  }
  if (!arguments.starts_with('{')) arguments = "{}";
  facts.tool_arguments = arguments;
  return true;
}

void choose_tool(const ToolChoice& choice, RequestFacts& facts, std::string& arguments) {
  if (!choice.any_tools) return;
  for (const element entry : choice.tools) {
    object tool;
    array declarations;
    if (entry["functionDeclarations"].get(declarations) == simdjson::SUCCESS ||
        entry["function_declarations"].get(declarations) == simdjson::SUCCESS) {
      for (const element declaration : declarations) {
        if (declaration.get(tool) == simdjson::SUCCESS && take_tool(tool, choice, facts, arguments))
          return;
      }
    } else if (entry["function"].get(tool) == simdjson::SUCCESS ||
               entry.get(tool) == simdjson::SUCCESS) {
      if (take_tool(tool, choice, facts, arguments)) return;
    }
  }
}

}  // namespace

std::expected<RequestFacts, std::string> RequestFactsReader::read(const Route& route,
                                                                  std::string_view body) {
  element document;
  if (const auto error = parser_.parse(body.data(), body.size(), false).get(document)) {
    return std::unexpected(std::string("The body is not valid JSON: ") +
                           simdjson::error_message(error));
  }
  object fields;
  if (document.get(fields) != simdjson::SUCCESS) {
    return std::unexpected("The body is not a JSON object.");
  }
  RequestFacts facts;
  facts.model = route.model;
  facts.stream = route.endpoint == Endpoint::gemini_stream;
  ToolChoice choice;
  for (const auto& field : fields) {
    if (field.key == "model" && route.dialect != Dialect::gemini) {
      facts.model = text_of(field.value);
    } else if (field.key == "stream" && route.dialect != Dialect::gemini) {
      facts.stream = is_true(field.value);
    } else if (field.key == "tools") {
      choice.any_tools = field.value.get(choice.tools) == simdjson::SUCCESS;
    } else if (route.dialect == Dialect::openai) {
      read_openai_field(field.key, field.value, facts, choice);
    } else if (route.dialect == Dialect::anthropic) {
      read_anthropic_field(field.key, field.value, facts, choice);
    } else {
      read_gemini_field(field.key, field.value, facts, choice);
    }
  }
  choose_tool(choice, facts, tool_arguments_);
  if (route.endpoint == Endpoint::openai_moderations && facts.model.empty()) {
    facts.model = "omni-moderation-latest";
  }
  if (facts.model.empty()) {
    return std::unexpected(route.dialect == Dialect::anthropic
                               ? "model: Field required"
                               : "you must provide a model parameter");
  }
  if (route.endpoint == Endpoint::anthropic_messages && !facts.output_tokens_max) {
    return std::unexpected("max_tokens: Field required");
  }
  return facts;
}

}  // namespace headrace::tools::mock

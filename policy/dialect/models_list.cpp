#include "policy/dialect/models_list.h"

#include "policy/json/json_writer.h"

namespace headrace::policy {
namespace {

constexpr std::string_view kGeminiPrefix = "models/";

// The gateway does not know when a provider made a model: the epoch says so in each shape.
void write_entry(JsonWriter& writer, Dialect dialect, std::string_view name) {
  switch (dialect) {
    case Dialect::openai:
      writer.raw(R"({"id":)").string(name);
      writer.raw(R"(,"object":"model","created":0,"owned_by":"headrace"})");
      return;
    case Dialect::anthropic:
      writer.raw(R"({"type":"model","id":)").string(name);
      writer.raw(R"(,"display_name":)").string(name);
      writer.raw(R"(,"created_at":"1970-01-01T00:00:00Z"})");
      return;
    case Dialect::gemini:
      if (name.starts_with(kGeminiPrefix)) name.remove_prefix(kGeminiPrefix.size());
      writer.raw(R"({"name":"models/)").text(name).raw(R"(","displayName":)").string(name);
      writer.raw(R"(,"supportedGenerationMethods":["generateContent","countTokens"]})");
      return;
  }
}

std::string_view list_opening(Dialect dialect) {
  switch (dialect) {
    case Dialect::openai:
      return R"({"object":"list","data":[)";
    case Dialect::anthropic:
      return R"({"data":[)";
    case Dialect::gemini:
      return R"({"models":[)";
  }
  return "";
}

void close_list(JsonWriter& writer, Dialect dialect, std::span<const std::string_view> names) {
  writer.raw("]");
  if (dialect == Dialect::anthropic) {
    writer.raw(R"(,"has_more":false,"first_id":)");
    if (names.empty()) {
      writer.raw(R"(null,"last_id":null)");
    } else {
      writer.string(names.front()).raw(R"(,"last_id":)").string(names.back());
    }
  }
  writer.raw("}");
}

}  // namespace

std::size_t write_models_list(Dialect dialect, std::span<const std::string_view> names,
                              std::span<char> out) {
  JsonWriter writer(out);
  writer.raw(list_opening(dialect));
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) writer.raw(",");
    write_entry(writer, dialect, names[i]);
  }
  close_list(writer, dialect, names);
  return writer.size();
}

std::size_t write_model(Dialect dialect, std::string_view name, std::span<char> out) {
  JsonWriter writer(out);
  write_entry(writer, dialect, name);
  return writer.size();
}

}  // namespace headrace::policy

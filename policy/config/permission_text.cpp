#include "policy/config/permission_text.h"

#include <iterator>

#include "policy/config/path_pattern.h"
#include "policy/stages.h"

namespace headrace::policy::config {
namespace {

struct NamedMethod {
  std::string_view name;
  MethodBit bit;
};
// By how often they come.
constexpr NamedMethod kMethods[] = {
    {"POST", MethodBit::post},       {"GET", MethodBit::get},        {"HEAD", MethodBit::head},
    {"PUT", MethodBit::put},         {"DELETE", MethodBit::delete_}, {"PATCH", MethodBit::patch},
    {"OPTIONS", MethodBit::options},
};

struct NamedGroup {
  std::string_view name;
  EndpointGroup group;
};
constexpr NamedGroup kGroups[] = {
    {"chat", EndpointGroup::chat},
    {"completions", EndpointGroup::completions},
    {"embeddings", EndpointGroup::embeddings},
    {"moderations", EndpointGroup::moderations},
    {"token_counts", EndpointGroup::token_counts},
    {"models", EndpointGroup::models},
    {"other", EndpointGroup::other},
};

}  // namespace

std::uint8_t method_bit(std::string_view method) {
  for (const NamedMethod& known : kMethods) {
    if (known.name == method) return static_cast<std::uint8_t>(known.bit);
  }
  return 0;
}

std::string_view method_text(std::uint8_t methods) {
  for (const NamedMethod& known : kMethods) {
    if (static_cast<std::uint8_t>(known.bit) == methods) return known.name;
  }
  return "*";
}

std::expected<PermissionText, std::string> parse_permission(std::string_view text) {
  if (text == "*") return PermissionText{.methods = kEveryMethod, .path = {}};
  const std::size_t space = text.find(' ');
  if (space == text.npos) return std::unexpected("is no method and path");
  const std::string_view method = text.substr(0, space);
  const std::string_view path = text.substr(space + 1);
  const std::uint8_t methods = method == "*" ? kEveryMethod : method_bit(method);
  if (methods == 0) {
    return std::unexpected("begins with none of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, *");
  }
  if (auto complaint = judge_path_pattern(path)) {
    return std::unexpected("has no path pattern behind its method: " + *complaint);
  }
  return PermissionText{.methods = methods, .path = path};
}

std::string permission_text(std::uint8_t methods, std::string_view path) {
  if (path.empty()) return "*";
  return std::string(method_text(methods)).append(" ").append(path);
}

std::optional<EndpointGroup> parse_group(std::string_view text) {
  for (const NamedGroup& known : kGroups) {
    if (known.name == text) return known.group;
  }
  return std::nullopt;
}

std::string_view to_text(EndpointGroup group) {
  for (const NamedGroup& known : kGroups) {
    if (known.group == group) return known.name;
  }
  return {};
}

std::optional<SkippedStage> parse_skipped_stage(std::string_view text) {
  for (const SkippedStage stage : kSkippedStages) {
    if (to_text(stage) == text) return stage;
  }
  return std::nullopt;
}

std::string_view to_text(SkippedStage stage) {
  switch (stage) {
    case SkippedStage::admit:
      return name(Stage::admit);
    case SkippedStage::cache:
      return name(Stage::cache);
    case SkippedStage::reserve:
      break;
  }
  return name(Stage::reserve);
}

EndpointGroup group_of(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::chat_completions:
    case Endpoint::responses:
    case Endpoint::messages:
    case Endpoint::generate_content:
    case Endpoint::stream_generate_content:
      return EndpointGroup::chat;
    case Endpoint::completions:
      return EndpointGroup::completions;
    case Endpoint::embeddings:
    case Endpoint::embed_content:
    case Endpoint::batch_embed_contents:
      return EndpointGroup::embeddings;
    case Endpoint::moderations:
      return EndpointGroup::moderations;
    case Endpoint::responses_input_tokens:
    case Endpoint::count_tokens:
    case Endpoint::gemini_count_tokens:
      return EndpointGroup::token_counts;
    case Endpoint::models_list:
    case Endpoint::model_get:
      return EndpointGroup::models;
    case Endpoint::unknown:
    case Endpoint::stored_object:
    case Endpoint::other:
      break;
  }
  return EndpointGroup::other;
}

}  // namespace headrace::policy::config

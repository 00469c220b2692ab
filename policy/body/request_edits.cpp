#include "policy/body/request_edits.h"

#include <algorithm>

#include "policy/json/json_writer.h"

namespace headrace::policy {
namespace {

bool inserted_at(const EditList& edits, std::uint32_t offset) {
  return std::ranges::any_of(edits.edits(), [offset](const Edit& edit) {
    return edit.offset == offset && edit.removed == 0;
  });
}

// Commits what was written, unless it did not fit.
bool commit(EditList& edits, const JsonWriter& writer, ByteRange at) {
  return writer.fits() && edits.replace(at, edits.commit_text(writer.size()));
}

// Inserts a member as the object's first one; `write_value` writes what stands behind the colon.
template <class WriteValue>
bool insert_member(EditList& edits, const ObjectFact& object, std::string_view key,
                   WriteValue write_value) {
  JsonWriter writer(edits.text_room());
  if (object.empty && inserted_at(edits, object.members_at)) writer.raw(",");
  writer.raw("\"").raw(key).raw("\":");
  write_value(writer);
  if (!object.empty) writer.raw(",");
  return commit(edits, writer, {object.members_at, 0});
}

template <class WriteValue>
bool replace_value(EditList& edits, ByteRange value, WriteValue write_value) {
  JsonWriter writer(edits.text_room());
  write_value(writer);
  return commit(edits, writer, value);
}

// In place of the value where the key stands (be it with null), else as a new member.
template <class WriteValue>
bool set_member(EditList& edits, const ObjectFact& object, ByteRange value, std::string_view key,
                WriteValue write_value) {
  return value ? replace_value(edits, value, write_value)
               : insert_member(edits, object, key, write_value);
}

std::string_view output_cap_key(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::chat_completions:
      return "max_completion_tokens";
    case Endpoint::responses:
      return "max_output_tokens";
    case Endpoint::generate_content:
    case Endpoint::stream_generate_content:
      return "maxOutputTokens";
    default:
      return "max_tokens";
  }
}

bool is_gemini(Endpoint endpoint) {
  return endpoint == Endpoint::generate_content || endpoint == Endpoint::stream_generate_content;
}

}  // namespace

bool set_model(EditList& edits, const BodyFacts& facts, std::string_view name) {
  if (name.size() > kModelBytesMax || facts.more_models) return false;
  return set_member(edits, facts.root, facts.model.value, "model",
                    [&](JsonWriter& writer) { writer.string(name); });
}

bool set_include_usage(EditList& edits, const BodyFacts& facts) {
  const auto write_true = [](JsonWriter& writer) { writer.raw("true"); };
  if (facts.include_usage.given && facts.include_usage.is_true) return true;
  if (facts.stream_options.given) {
    return set_member(edits, facts.stream_options, facts.include_usage.value, "include_usage",
                      write_true);
  }
  return set_member(edits, facts.root, facts.stream_options.value, "stream_options",
                    [](JsonWriter& writer) { writer.raw(R"({"include_usage":true})"); });
}

bool set_output_cap(EditList& edits, const BodyFacts& facts, Endpoint endpoint,
                    std::int64_t tokens) {
  const auto write_tokens = [tokens](JsonWriter& writer) { writer.number(tokens); };
  if (facts.output_cap_given()) {
    for (const CountFact* cap : {&facts.output_cap, &facts.output_cap_legacy}) {
      if (cap->given && cap->count > tokens && !replace_value(edits, cap->value, write_tokens)) {
        return false;
      }
    }
    return true;
  }
  const std::string_view key = output_cap_key(endpoint);
  if (!is_gemini(endpoint)) {
    return set_member(edits, facts.root, facts.output_cap.value, key, write_tokens);
  }
  if (facts.generation_config.given) {
    return set_member(edits, facts.generation_config, facts.output_cap.value, key, write_tokens);
  }
  return set_member(
      edits, facts.root, facts.generation_config.value, "generationConfig",
      [&](JsonWriter& writer) { writer.raw("{\"").raw(key).raw("\":").number(tokens).raw("}"); });
}

bool set_store_false(EditList& edits, const BodyFacts& facts) {
  if (facts.store.given && !facts.store.is_true) return true;
  return set_member(edits, facts.root, facts.store.value, "store",
                    [](JsonWriter& writer) { writer.raw("false"); });
}

}  // namespace headrace::policy

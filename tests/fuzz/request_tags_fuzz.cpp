// Tags of bodies: whatever a body says, the tags are pairs of plain text within their room, and the
// members are those that a slow and obvious parser finds.
#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "policy/body/body_scan.h"
#include "policy/record/record_codec.h"
#include "policy/record/request_tags.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/reference_json.h"

namespace headrace::fuzz {
namespace {

using namespace policy;
using Type = ReferenceJson::Type;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c > 0x20 && c < 0x7f && std::string_view(",=%\"\\").find(c) == std::string_view::npos) {
      out += c;
    } else {
      char hex[4];
      std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
      out += hex;
    }
  }
  return out;
}

void add(const std::string& name, const ReferenceJson& value, std::string& tags) {
  std::string text = value.text;
  if (value.type == Type::boolean_true) text = "true";
  if (value.type == Type::boolean_false) text = "false";
  if (value.type == Type::object || value.type == Type::array || value.type == Type::null) return;
  if (name.empty() || (value.type == Type::string && !value.whole)) return;
  const std::string pair = (tags.empty() ? "" : ",") + encoded(name) + "=" + encoded(text);
  if (tags.size() + pair.size() <= kRecordTagBytesMax) tags += pair;
}

std::string slow_tags(const ReferenceJson& root) {
  std::string tags;
  if (const ReferenceJson* metadata = root.member("metadata")) {
    for (std::size_t i = 0; i < metadata->members.size() && i < kTagMembersMax; ++i)
      add(metadata->members[i].key, metadata->members[i], tags);
  }
  for (const char* name : {"user", "safety_identifier"}) {
    const ReferenceJson* value = root.member(name);
    if (value != nullptr && value->type == Type::string) add(name, *value, tags);
  }
  return tags;
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::fuzz;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto facts = scan_body(bytes_of(body), Endpoint::chat_completions, {});
  if (!facts) return 0;
  std::array<char, kRecordTagBytesMax> room;
  const std::string_view tags = write_tags({.facts = &*facts, .body = bytes_of(body)}, room);
  for (const char c : tags)
    FUZZ_CHECK(c > 0x20 && c < 0x7f && c != '"' && c != '\\');
  // Of halves of surrogate pairs the two make different things.
  if (size > kTagTextBytesMax || body.find("\\u") != body.npos) return 0;
  const auto reference = reference_json(body, kJsonDepthMax);
  FUZZ_CHECK(reference.has_value());
  FUZZ_CHECK(tags == slow_tags(*reference));
  return 0;
}

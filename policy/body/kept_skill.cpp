#include "policy/body/kept_skill.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "core/ascii.h"
#include "policy/json/json_string.h"

namespace headrace::policy {
namespace {

constexpr std::string_view kForEverybody[] = {"docx", "pdf", "pptx", "xlsx"};
constexpr std::string_view kOfOpenai = "openai-";
constexpr std::size_t kNameBytesMax = 64;

bool is_plain(char c) {
  return core::is_letter_or_digit(c) || c == '-';
}

}  // namespace

bool names_kept_skill(std::string_view token) {
  std::array<char, kNameBytesMax> room;
  const JsonDecoded decoded = decode_json_string(token.substr(1, token.size() - 2), room);
  if (!decoded.whole) return true;
  const std::string_view name = decoded.text;
  if (std::ranges::find(kForEverybody, name) != std::end(kForEverybody)) return false;
  return !name.starts_with(kOfOpenai) || !std::ranges::all_of(name, is_plain);
}

}  // namespace headrace::policy

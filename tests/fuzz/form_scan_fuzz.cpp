// Forms: what is read, and what of it names something that is kept, must be what a slow reader of
// the whole body says, in whatever slices it arrives. The first line of the input is the boundary,
// behind one byte for the size of the slices.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <regex>
#include <span>
#include <string>
#include <string_view>

#include "policy/body/body_scan.h"
#include "policy/form/form_scan.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/reference_form.h"
#include "tests/fuzz/slices.h"

namespace headrace::fuzz {
namespace {

using policy::FormScan;
using Verdict = FormScan::Verdict;

struct Judged {
  Verdict verdict = Verdict::good;
  std::uint64_t at = 0;
};

Judged judge(std::string_view body, std::string_view boundary, std::size_t slice_bytes) {
  const auto scan = std::make_unique<FormScan>();
  scan->start(boundary);
  Verdict verdict = Verdict::good;
  in_slices(body, slice_bytes, [&](std::string_view slice) {
    if (verdict == Verdict::good) verdict = scan->take(std::as_bytes(std::span(slice)));
  });
  return {verdict == Verdict::good ? scan->finish() : verdict, scan->at()};
}

const std::string kBlank = std::string(" \t\r\n\xEF\xBB\xBF\xFE\xFF") + '\0';

char first_of(const std::string& content) {
  const std::size_t at = content.find_first_not_of(kBlank);
  return at == std::string::npos ? ' ' : content[at];
}

// As JSON: what is none stands there as a text.
std::string value_of(const std::string& content) {
  std::size_t at = content.find_first_not_of(kBlank);
  while (at != std::string::npos && content[at] == '[')
    at = content.find_first_not_of(kBlank, at + 1);
  if (at != std::string::npos && content[at] == '{') {
    at = content.find_first_not_of(kBlank, at + 1);
    if (at != std::string::npos && content[at] == '"') return content;
  }
  if (content.empty()) return "null";
  static const std::regex kTrue("true|t|1|on|yes|y", std::regex::icase);
  static const std::regex kFalse("false|f|0|off|no|n", std::regex::icase);
  if (content.size() < 6 && std::regex_match(content, kTrue)) return "true";
  if (content.size() < 6 && std::regex_match(content, kFalse)) return "false";
  std::string text = content.substr(0, 512);
  for (char& c : text) {
    if (c < ' ' || c > '~' || c == '"' || c == '\\') c = '%';
  }
  return '"' + text + '"';
}

Judged reference(const std::string& body, const std::string& boundary) {
  const ReferenceForm form = reference_form(body, boundary);
  for (const ReferenceField& field : form.fields) {
    std::string begin;
    std::string end;
    for (const std::string& key : field.path) {
      const bool in_list = key.find_first_not_of("0123456789") == std::string::npos;
      begin += in_list ? "[" : "{\"" + key + "\":";
      end.insert(0, in_list ? "]" : "}");
    }
    const auto judged = [&](const std::string& value) {
      const std::string text = begin + value + end;
      const auto facts = policy::scan_body(std::as_bytes(std::span(text)), policy::Endpoint::other,
                                           {.count_text = false});
      if (!facts) return Verdict::unreadable;
      return facts->names_stored() ? Verdict::named : Verdict::good;
    };
    // A list that is one counts as such, whatever it begins with.
    const bool list = first_of(field.content) == '[' && field.content.contains('{');
    if (list && judged(field.content) == Verdict::named) return {Verdict::named, field.at};
    const Verdict verdict = judged(value_of(field.content));
    if (verdict != Verdict::good) return {verdict, verdict == Verdict::named ? field.at : 0};
  }
  return {form.whole ? Verdict::good : Verdict::unreadable};
}

void try_form(std::string_view body, std::string_view boundary, std::size_t slice_bytes) {
  constexpr std::size_t kBytesMax = 8'192;  // beyond it std::regex may run out of stack
  if (body.size() > kBytesMax) return;
  const Judged expected = reference(std::string(body), std::string(boundary));
  for (const std::size_t bytes : {slice_bytes, body.size() + 1}) {
    const Judged judged = judge(body, boundary, bytes);
    FUZZ_CHECK(judged.verdict == expected.verdict);
    if (expected.verdict == Verdict::named) FUZZ_CHECK(judged.at == expected.at);
  }
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t slice_bytes = 1 + data[0] % 90U;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t line_end = text.find('\n');
  if (line_end == text.npos) return 0;
  const std::string type = "multipart/form-data; boundary=" + std::string(text.substr(0, line_end));
  const std::string_view boundary = headrace::policy::form_boundary(type);
  if (boundary.empty()) return 0;
  headrace::fuzz::try_form(text.substr(line_end + 1), boundary, slice_bytes);
  return 0;
}

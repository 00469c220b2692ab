#include "policy/dialect/stored_path.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "core/ascii.h"

namespace headrace::policy {
namespace {

// The letters and digits of a word, small, without the marks between: `vector-stores`,
// `Vector_Stores` and `vectorStores` are one.
class Word {
 public:
  constexpr void add(char c) {
    if (c == '-' || c == '_') return;
    if (size_ < text_.size()) text_[size_] = core::to_lower(c);
    ++size_;
  }
  // One that is longer than any that is looked for is none of them.
  [[nodiscard]] constexpr std::string_view text() const {
    return {text_.data(), size_ <= text_.size() ? size_ : 0};
  }

 private:
  std::array<char, 32> text_{};
  std::size_t size_ = 0;
};

// Each is the first word of what lists or addresses such things, wherever it stands.
constexpr std::string_view kFamilies[] = {
    // OpenAI, and who speaks as it does
    "files", "uploads", "batches", "vectorstores", "containers", "conversations", "finetuning",
    "finetunes", "finetunedmodels", "evals", "videos", "assistants", "threads", "chatkit", "skills",
    "voices", "voiceconsents", "vaults", "webhookendpoints", "organization", "safety", "libraries",
    "datasets", "connectors", "embedjobs", "deferredcompletion", "collections", "predictions",
    "evaluation", "asyncinvoke", "modelinvocationjob", "modelinvocationjobs",
    // Anthropic
    "agents", "environments", "memorystores", "dreams", "deploymentruns", "userprofiles", "tunnels",
    "organizations", "compliance",
    // Google
    "cachedcontents", "filesearchstores", "ragstores", "corpora", "tunedmodels", "tuningjobs",
    "generatedfiles", "interactions", "operations", "batchpredictionjobs", "reasoningengines"};

// What is done to something that is kept, or makes it: the part of a segment behind its last colon.
constexpr std::string_view kVerbs[] = {"batchgeneratecontent", "asyncbatchembedcontent",
                                       "predictlongrunning",   "fetchpredictoperation",
                                       "importfile",           "uploadtofilesearchstore",
                                       "uploadtoragstore"};

template <std::size_t kCount>
bool is_one_of(std::string_view word, const std::string_view (&words)[kCount]) {
  return std::ranges::find(words, word) != std::end(words);
}

int hex_value(char c) {
  if (core::is_digit(c)) return c - '0';
  const char small = core::to_lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// The next character of a segment, decoded once.
char take_character(std::string_view& rest) {
  if (rest.size() >= 3 && rest[0] == '%') {
    const int high = hex_value(rest[1]);
    const int low = hex_value(rest[2]);
    if (high >= 0 && low >= 0) {
      rest.remove_prefix(3);
      return static_cast<char>(high * 16 + low);
    }
  }
  const char c = rest.front();
  rest.remove_prefix(1);
  return c;
}

struct Segment {
  Word name;  // what it begins with
  Word verb;  // what stands behind its last colon
  bool is_empty = true;
};

// Takes one off; an encoded slash ends it too.
Segment take_segment(std::string_view& path) {
  Segment segment;
  bool in_name = true;
  bool in_verb = false;
  while (!path.empty()) {
    const char c = take_character(path);
    if (c == '/' || c == '\\') break;
    segment.is_empty = false;
    if (c == ':') {
      segment.verb = {};
      in_name = false;
      in_verb = true;
    } else if (!core::is_letter_or_digit(c) && c != '-' && c != '_') {
      in_name = in_verb = false;
    }
    if (in_name) segment.name.add(c);
    if (in_verb && c != ':') segment.verb.add(c);
  }
  return segment;
}

// Those that are empty are passed over.
Segment take_filled_segment(std::string_view& path) {
  Segment segment = take_segment(path);
  while (segment.is_empty && !path.empty())
    segment = take_segment(path);
  return segment;
}

bool is_version(std::string_view word) {
  return word.size() >= 2 && word[0] == 'v' && core::is_digit(word[1]);
}

// `projects/*/locations/*/publishers/...`: models that Google offers to everybody.
bool leads_to_publishers(std::string_view behind_projects) {
  static_cast<void>(take_filled_segment(behind_projects));
  if (take_filled_segment(behind_projects).name.text() != "locations") return false;
  static_cast<void>(take_filled_segment(behind_projects));
  return take_filled_segment(behind_projects).name.text() == "publishers";
}

// A word that stands for something that is kept only where it stands so.
bool is_stored_here(std::string_view word, std::string_view before, std::string_view rest,
                    std::string_view method) {
  const std::string_view behind_it = rest;
  const Segment next = take_filled_segment(rest);
  if (word == "responses") {
    const std::string_view name = next.name.text();
    return !next.is_empty && name != "compact" && name != "inputtokens";
  }
  if (word == "completions") return before == "chat" && (!next.is_empty || method != "POST");
  if (word == "calls") return before == "realtime" && !next.is_empty;
  if (word == "sessions") return before != "realtime" && before != "realtimeapi";
  if (word == "jobs") return before == "batch" || before == "generations";
  if (word == "generations") return before == "video" && !next.is_empty;
  // Behind another word they are what Azure serves its models by.
  if (word == "deployments") return is_version(before);
  if (word == "projects") return !leads_to_publishers(behind_it);
  return false;
}

}  // namespace

bool addresses_stored(std::string_view method, std::string_view path) {
  Segment before;
  while (!path.empty()) {
    const Segment segment = take_filled_segment(path);
    const std::string_view word = segment.name.text();
    if (is_one_of(word, kFamilies) || is_one_of(segment.verb.text(), kVerbs) ||
        is_stored_here(word, before.name.text(), path, method)) {
      return true;
    }
    before = segment;
  }
  return false;
}

}  // namespace headrace::policy

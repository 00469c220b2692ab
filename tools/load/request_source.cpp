#include "tools/load/request_source.h"

#include <array>
#include <fstream>
#include <sstream>

#include "core/random.h"

namespace headrace::tools::load {
namespace {

// What a path's endpoint expects: where the text goes and which credential.
struct Form {
  std::string_view ending;
  std::string_view before_text;
  std::string_view after_text;
  std::string_view max_tokens;  // the field's name
  std::string_view key_header;  // up to the key
  std::string_view further_headers;
  bool needs_max_tokens;
  bool names_model;
};

constexpr std::string_view kChatBefore = R"("messages":[{"role":"user","content":")";
constexpr std::string_view kChatAfter = R"("}])";
constexpr std::string_view kGeminiBefore = R"("contents":[{"role":"user","parts":[{"text":")";
constexpr std::string_view kGeminiAfter = R"("}]}])";

// The last one fits everything else.
constexpr std::array<Form, 6> kForms{{
    {"/messages", kChatBefore, kChatAfter, "max_tokens",
     "x-api-key: ", "anthropic-version: 2023-06-01\r\n", true, true},
    {"/responses", R"("input":")", "\"", "max_output_tokens", "Authorization: Bearer ", "", false,
     true},
    {"/embeddings", R"("input":")", "\"", "", "Authorization: Bearer ", "", false, true},
    {":generateContent", kGeminiBefore, kGeminiAfter, "", "x-goog-api-key: ", "", false, false},
    {":streamGenerateContent", kGeminiBefore, kGeminiAfter, "", "x-goog-api-key: ", "", false,
     false},
    {"", kChatBefore, kChatAfter, "max_completion_tokens", "Authorization: Bearer ", "", false,
     true},
}};
constexpr std::uint64_t kMaxTokensWhereNeeded = 1024;

const Form& form_of(std::string_view path) {
  path = path.substr(0, path.find('?'));
  for (const Form& form : kForms) {
    if (path.ends_with(form.ending)) return form;
  }
  return kForms.back();
}

// Words, so that it compresses and tokenizes somewhat like text.
std::string words(std::size_t bytes, std::uint64_t seed) {
  constexpr std::array<std::string_view, 16> kWords{
      "explain ", "the ", "channel ", "that ",  "brings ", "water ", "to ",   "a ",
      "wheel, ",  "and ", "why ",     "it is ", "better ", "than ",  "many ", "pipes. "};
  core::Random random(seed);
  std::string text;
  while (text.size() < bytes)
    text += kWords[random.below(kWords.size())];
  text.resize(bytes);
  return text;
}

std::expected<std::string, std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected("cannot read \"" + path + "\"");
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::string make_head(const Target& target, const LoadOptions& options, std::string_view path,
                      std::size_t body_bytes) {
  const RequestOptions& request = options.request;
  const Form& form = form_of(path);
  std::string head = request.method + " " + std::string(path) +
                     " HTTP/1.1\r\nHost: " + target.authority +
                     "\r\nUser-Agent: headrace-load/" HEADRACE_VERSION "\r\n";
  if (!request.key.empty()) head.append(form.key_header).append(request.key).append("\r\n");
  head += form.further_headers;
  if (body_bytes > 0 || request.method == "POST") {
    head +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body_bytes) + "\r\n";
  }
  for (const std::string& header : request.headers)
    head.append(header).append("\r\n");
  if (!options.keep_alive) head += "Connection: close\r\n";
  return head;
}

}  // namespace

std::string generate_body(std::string_view path, const RequestOptions& options,
                          std::uint64_t seed) {
  const Form& form = form_of(path);
  std::string before = "{";
  if (form.names_model) before += R"("model":")" + options.model + R"(",)";
  if (options.stream && form.names_model && form.ending != "/embeddings")
    before += R"("stream":true,)";
  const std::uint64_t max_tokens =
      options.max_tokens == 0 && form.needs_max_tokens ? kMaxTokensWhereNeeded : options.max_tokens;
  if (max_tokens > 0 && !form.max_tokens.empty()) {
    before.append("\"").append(form.max_tokens).append("\":" + std::to_string(max_tokens) + ",");
  }
  before += form.before_text;
  const std::string after = std::string(form.after_text) + "}";
  const std::size_t frame = before.size() + after.size();
  return before + words(options.body_bytes > frame ? options.body_bytes - frame : 0, seed) + after;
}

std::expected<RequestSource, std::string> RequestSource::make(const Target& target,
                                                              const LoadOptions& options) {
  RequestSource source;
  source.method_ = net::http::method_of(options.request.method);
  source.request_ids_ = options.request.request_ids;
  const std::string& path = target.path.empty() ? options.request.path : target.path;
  std::vector<std::string> bodies;
  for (const std::string& file : options.request.body_files) {
    auto body = read_file(file);
    if (!body) return std::unexpected(body.error());
    bodies.push_back(*std::move(body));
  }
  if (bodies.empty()) {
    const bool has_body = options.request.method != "GET" && options.request.method != "HEAD";
    bodies.push_back(has_body ? generate_body(path, options.request, options.seed) : std::string());
  }
  for (std::string& body : bodies) {
    std::string head = make_head(target, options, path, body.size());
    if (!source.request_ids_) head += "\r\n";
    source.requests_.push_back({std::move(head), std::move(body)});
  }
  return source;
}

}  // namespace headrace::tools::load

#include "policy/config/yaml_tree.h"

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include <fmt/format.h>
#include <openssl/mem.h>
#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "core/ascii.h"
#include "core/utf8_sequence.h"
#include "policy/config/error_list.h"
#include "policy/config/secret_text.h"
#include "policy/config/yaml_hint.h"

namespace headrace::policy::config {
namespace {

Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

// Ends a parse that broke a bound; caught in this file, where it is thrown.
struct BoundBroken {};

// Builds the tree while the library parses, so that bounds hold before memory is spent.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(ErrorList& errors) : errors_(errors) {}

  [[nodiscard]] bool sound() const { return sound_; }
  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ != 0) {
      refuse(mark, "a second document begins here", "a config is one document: remove the `---`");
      throw BoundBroken();
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    judge(mark, "", anchor);
    add(mark, YamlNode::Kind::null);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases (`*name`) are not allowed", "write the value out");
    add(mark, YamlNode::Kind::null);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    judge(mark, tag, anchor);
    YamlNode& node = add(mark, YamlNode::Kind::scalar);
    if (value.size() > kYamlScalarBytesMax) {
      refuse(mark, fmt::format("a value is longer than {} bytes", kYamlScalarBytesMax),
             "keep long texts in files of their own");
      return;
    }
    node.text = value;
    node.quoted = tag == "!";
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    judge(mark, tag, anchor);
    open(mark, YamlNode::Kind::sequence);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    judge(mark, tag, anchor);
    open(mark, YamlNode::Kind::map);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  void refuse(const YAML::Mark& mark, std::string message, std::string remedy) {
    sound_ = false;
    errors_.add(place_of(mark), std::move(message), std::move(remedy));
  }
  void judge(const YAML::Mark& mark, std::string_view tag, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(mark, "anchors (`&name`) are not allowed", "write the value out");
    if (!tag.empty() && tag != "?" && tag != "!") {
      refuse(mark, "tags (`!name`) are not allowed", "remove the tag");
    }
  }
  YamlNode& add(const YAML::Mark& mark, YamlNode::Kind kind) {
    if (++nodes_ > kYamlNodesMax) {
      refuse(mark, fmt::format("the config has more than {} values", kYamlNodesMax), "");
      throw BoundBroken();
    }
    YamlNode* node = &root_;
    if (!open_.empty()) node = &open_.back()->items.emplace_back();
    node->kind = kind;
    node->place = place_of(mark);
    return *node;
  }
  void open(const YAML::Mark& mark, YamlNode::Kind kind) {
    if (open_.size() >= kYamlDepthMax) {
      refuse(mark, fmt::format("the config is nested deeper than {} levels", kYamlDepthMax), "");
      throw BoundBroken();
    }
    // Only the last item of an open node grows, so these pointers stay good.
    open_.push_back(&add(mark, kind));
  }

  ErrorList& errors_;
  bool sound_ = true;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
  YamlNode root_;
  std::vector<YamlNode*> open_;
};

Place place_at(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::ranges::count(before, '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {static_cast<std::uint32_t>(lines + 1),
          static_cast<std::uint32_t>(offset - line_start + 1)};
}

std::size_t valid_utf8_bytes(std::string_view text) {
  std::size_t at = 0;
  while (const std::size_t bytes = core::utf8_sequence_bytes(text.substr(at)))
    at += bytes;
  return at;
}

bool is_utf16(std::string_view text) {
  return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
}

bool judge_bytes(std::string_view text, ErrorList& errors) {
  if (text.size() > kYamlBytesMax) {
    errors.add({}, fmt::format("the config is larger than {} bytes", kYamlBytesMax),
               "keep large numbers of keys in the control plane's store");
    return false;
  }
  if (is_utf16(text)) {
    errors.add({1, 1}, "the config is UTF-16", "save it as UTF-8");
    return false;
  }
  const auto control = std::ranges::find_if(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f;
  });
  if (control != text.end()) {
    const auto offset = static_cast<std::size_t>(control - text.begin());
    errors.add(place_at(text, offset), "a control character", "remove it");
    return false;
  }
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    errors.add(place_at(text, valid_utf8_bytes(text)), "the config is not valid UTF-8",
               "save it as UTF-8");
    return false;
  }
  return true;
}

bool judge_map_keys(const YamlNode& node, ErrorList& errors) {
  bool good = true;
  std::unordered_map<std::string_view, Place> seen;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (node.kind == YamlNode::Kind::map && i % 2 == 0) {
      const YamlNode& key = node.items[i];
      if (key.kind != YamlNode::Kind::scalar) {
        errors.add(key.place, "a key that is not a plain word", "give it a name");
        good = false;
        continue;
      }
      const auto [first, is_new] = seen.emplace(key.text, key.place);
      if (!is_new) {
        errors.add(
            key.place,
            fmt::format("{} stands twice; first in line {}", shown(key.text), first->second.line),
            "keep one of them");
        good = false;
      }
      continue;
    }
    good = judge_map_keys(node.items[i], errors) && good;
  }
  return good;
}

// --- substitution ------------------------------------------------------------------------------
bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) { return core::is_letter(c) || c == '_'; };
  if (name.empty() || !letter(name.front())) return false;
  return std::ranges::all_of(name, [&](char c) { return letter(c) || core::is_digit(c); });
}

class Substitution {
 public:
  Substitution(SecretSource& source, ErrorList& errors) : source_(source), errors_(errors) {}

  void walk(YamlNode& node) {
    if (node.kind == YamlNode::Kind::scalar) expand(node);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const bool is_key = node.kind == YamlNode::Kind::map && i % 2 == 0;
      if (!is_key) walk(node.items[i]);
    }
  }

 private:
  void expand(YamlNode& node) {
    if (!node.text.contains("${")) return;
    std::string result;
    std::string_view rest = node.text;
    for (;;) {
      const std::size_t start = rest.find("${");
      if (start == rest.npos) break;
      if (start > 0 && rest[start - 1] == '$') {  // "$${" is "${"
        append_secret(result, {rest.substr(0, start - 1), "${"});
        rest.remove_prefix(start + 2);
        continue;
      }
      append_secret(result, {rest.substr(0, start)});
      const std::size_t end = rest.find('}', start);
      if (end == rest.npos) {
        errors_.add(node.place, "`${` without its `}`", "close it, or write `$${` for the text");
        return give_up(node, result);
      }
      node.substituted = true;
      if (!look_up(node.place, rest.substr(start + 2, end - start - 2), result)) {
        return give_up(node, result);
      }
      rest.remove_prefix(end + 1);
    }
    append_secret(result, {rest});
    node.text = std::move(result);
  }

  // What was found for it so far may be a secret.
  static void give_up(YamlNode& node, std::string& found) {
    OPENSSL_cleanse(found.data(), found.size());
    node.unknown = true;
  }

  // Appends the value; false when there is none, which is then reported.
  bool look_up(Place place, std::string_view what, std::string& into) {
    if (++count_ > kSubstitutionsMax) {
      if (count_ == kSubstitutionsMax + 1) {
        errors_.add(place, fmt::format("more than {} `${{...}}`", kSubstitutionsMax));
      }
      return false;
    }
    std::string value;
    if (what.starts_with("file:")) {
      const std::string_view path = what.substr(5);
      auto content = source_.file(path);
      if (!content) {
        errors_.add(place, fmt::format("file {}: {}", shown(path), content.error()),
                    "check the path and who may read it");
        return false;
      }
      value = std::move(*content);
      if (value.ends_with('\n')) value.pop_back();
      if (value.ends_with('\r')) value.pop_back();
    } else if (!is_variable_name(what)) {
      errors_.add(place, fmt::format("{} is not the name of a variable", shown(what)),
                  "write `${NAME}` or `${file:/path}`, or `$${` for the text itself");
      return false;
    } else if (auto found = source_.variable(what)) {
      value = std::move(*found);
    } else {
      errors_.add(place, fmt::format("the environment variable {} is not set", shown(what)),
                  fmt::format("set it: export {}=...", what));
      return false;
    }
    const bool fits = value.size() <= kSubstitutedBytesMax;
    if (fits) {
      append_secret(into, {value});
    } else {
      errors_.add(place, fmt::format("the value of {} is longer than {} bytes", shown(what),
                                     kSubstitutedBytesMax));
    }
    OPENSSL_cleanse(value.data(), value.size());
    return fits;
  }

  SecretSource& source_;
  ErrorList& errors_;
  std::size_t count_ = 0;
};

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view text, ErrorList& errors) {
  if (!judge_bytes(text, errors)) return std::nullopt;
  // The end mark makes the library see a quote that is never closed, which it else takes to be
  // closed by the end of the text: a config that was cut off must not pass.
  std::istringstream input{std::string(text) + "\n...\n"};
  TreeBuilder builder(errors);
  try {
    YAML::Parser parser(input);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const BoundBroken&) {
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    const bool open_quote = error.msg == YAML::ErrorMsg::DOC_IN_SCALAR;
    const Place place = place_of(error.mark);
    std::string hint = yaml_hint(text, place.line);
    if (hint.empty()) hint = "check indentation, colons and quotes here and just above";
    errors.add(place, "this is not YAML: " + (open_quote ? "a quote is never closed" : error.msg),
               std::move(hint));
    return std::nullopt;
  } catch (const std::exception& error) {
    errors.add({}, std::string("the YAML could not be read: ") + error.what());
    return std::nullopt;
  }
  if (!builder.sound()) return std::nullopt;
  YamlNode root = builder.take();
  if (!judge_map_keys(root, errors)) return std::nullopt;
  return root;
}

void substitute(YamlNode& root, SecretSource& source, ErrorList& errors) {
  Substitution(source, errors).walk(root);
}

void wipe_substituted(YamlNode& root) {
  if (root.substituted) OPENSSL_cleanse(root.text.data(), root.text.size());
  for (YamlNode& item : root.items)
    wipe_substituted(item);
}

}  // namespace headrace::policy::config

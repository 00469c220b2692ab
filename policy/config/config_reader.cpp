#include "policy/config/config_reader.h"

#include <algorithm>
#include <bit>
#include <unordered_set>

#include <fmt/format.h>

#include "core/cidr.h"
#include "core/parse_number.h"
#include "core/socket_address.h"
#include "policy/config/effective_yaml.h"
#include "policy/config/option_table.h"
#include "policy/config/text_rules.h"

namespace headrace::policy::config {
namespace {

using Kind = YamlNode::Kind;

struct SizeSuffix {
  std::string_view text;
  std::uint64_t bytes;
};
constexpr SizeSuffix kSizeSuffixes[] = {
    {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}};

// Without leading zeros: some readers of YAML take those for octal.
std::optional<std::uint64_t> parse_whole(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return core::parse_decimal(text);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  for (const auto& [suffix, bytes] : kSizeSuffixes) {
    if (!text.ends_with(suffix)) continue;
    const auto count = parse_whole(text.substr(0, text.size() - suffix.size()));
    if (!count || *count > core::kNumberMax / bytes) return std::nullopt;
    return *count * bytes;
  }
  return parse_whole(text);
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words)
    text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

class Reader {
 public:
  explicit Reader(ErrorList& errors) : errors_(errors) {}

  // Reads the options of one map into one record.
  void read_record(const SectionSpec& section, const YamlNode& node, void* record) {
    set_defaults(section, record);
    Record& places = *section.places(record);
    places.place = node.place;
    if (node.kind != Kind::map) {
      errors_.add(node.place, fmt::format("{} is not a map of options", in_words(section)),
                  "write `option: value` lines below it");
      return;
    }
    const std::string label = label_of(section, node);
    for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
      const YamlNode& key = node.items[i];
      const OptionSpec* option = find_option(section, key.text);
      if (option == nullptr) {
        report_unknown(section, label, key);
        continue;
      }
      places.given.emplace_back(option->name, key.place);
      read_option({*option, label, key.place}, node.items[i + 1], record);
    }
    for (const OptionSpec& option : section.options) {
      if (!option.required || places.has(option.name)) continue;
      errors_.add(node.place, fmt::format("{} has no `{}`", label, option.name),
                  fmt::format("add `{}:` ({})", option.name, option.help));
    }
  }

 private:
  // The option that is being read, and how errors call it.
  struct Subject {
    const OptionSpec& option;
    const std::string& label;
    Place place;
  };

  void complain(const Subject& subject, Place place, std::string_view what,
                std::string remedy = {}) {
    errors_.add(place, fmt::format("`{}` of {} {}", subject.option.name, subject.label, what),
                std::move(remedy));
  }

  static std::string in_words(const SectionSpec& section) {
    if (&section == &config_section()) return "the config";
    for (const OptionSpec& option : config_section().options) {
      // There is one of it: by its option's name.
      if (option.type == OptionType::record && option.section == &section) {
        return fmt::format("`{}`", option.name);
      }
    }
    return fmt::format("the {}", section.name);
  }

  // "provider `openai`": by the first option that is a required text.
  static std::string label_of(const SectionSpec& section, const YamlNode& node) {
    for (const OptionSpec& option : section.options) {
      if (!option.required || option.type != OptionType::text) continue;
      for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
        const YamlNode& value = node.items[i + 1];
        const bool can_show = value.kind == Kind::scalar && !value.substituted;
        if (node.items[i].text == option.name && can_show) {
          return fmt::format("{} {}", section.name, shown(value.text));
        }
      }
      break;
    }
    return in_words(section);
  }

  void report_unknown(const SectionSpec& section, const std::string& label, const YamlNode& key) {
    std::vector<std::string_view> names;
    for (const OptionSpec& option : section.options)
      names.push_back(option.name);
    errors_.add(
        key.place, fmt::format("unknown option {} in {}", shown(key.text), label),
        did_you_mean(key.text, names, "remove it; docs/configuration.md lists all options"));
  }

  void read_option(const Subject& subject, const YamlNode& value, void* record) {
    if (value.unknown) {
      if (subject.option.type == OptionType::text) subject.option.text(record)->unknown = true;
      return;
    }
    switch (subject.option.type) {
      case OptionType::number:
      case OptionType::size:
        return read_number(subject, value, record);
      case OptionType::flag:
        return read_flag(subject, value, record);
      case OptionType::choice:
        return read_choice(subject, value, record);
      case OptionType::text:
        return read_text(subject, subject.option.rule, value, *subject.option.text(record));
      case OptionType::texts:
        return read_texts(subject, value, *subject.option.texts(record));
      case OptionType::mapping:
        return read_mapping(subject, value, *subject.option.mapping(record));
      case OptionType::record:
        if (value.kind == Kind::null) return;  // a section without options
        return read_record(*subject.option.section, value, subject.option.record(record));
      case OptionType::records:
        return read_records(subject, value, record);
    }
  }

  // The scalar's text, unless it is something else.
  bool is_scalar(const Subject& subject, const YamlNode& value) {
    if (value.kind == Kind::scalar) return true;
    const Place place = value.kind == Kind::null ? subject.place : value.place;
    complain(subject, place, value.kind == Kind::null ? "has no value" : "is not a single value",
             "write one value behind the colon");
    return false;
  }

  // What was written, for an error; nothing where it may be a secret.
  static std::string as_written(const Subject& subject, const YamlNode& value) {
    if (value.substituted || subject.option.secret) return {};
    return fmt::format(" (it is {})", shown(value.text));
  }

  void read_number(const Subject& subject, const YamlNode& value, void* record) {
    if (!is_scalar(subject, value)) return;
    const OptionSpec& option = subject.option;
    const bool is_size = option.type == OptionType::size;
    const auto number = is_size ? parse_size(value.text) : parse_whole(value.text);
    const std::string unit = option.unit.empty() ? "" : fmt::format(" {}", option.unit);
    if (!number) {
      return complain(subject, value.place,
                      fmt::format("is not a whole number{}",
                                  option.unit.empty() ? "" : fmt::format(" of {}", option.unit)) +
                          as_written(subject, value),
                      is_size ? "write digits, or digits with KiB, MiB or GiB"
                              : "write digits only: the unit stands in the option's name");
    }
    if (*number < option.min || *number > option.max) {
      return complain(subject, value.place, "is out of range" + as_written(subject, value),
                      fmt::format("write {} to {}{}", option.min, option.max, unit));
    }
    if (option.power_of_two && !std::has_single_bit(*number)) {
      return complain(subject, value.place, "is not a power of two" + as_written(subject, value),
                      fmt::format("write {}", std::bit_floor(*number)));
    }
    option.set_number(record, *number);
  }

  void read_flag(const Subject& subject, const YamlNode& value, void* record) {
    if (!is_scalar(subject, value)) return;
    if (value.text != "true" && value.text != "false") {
      return complain(subject, value.place,
                      "is neither true nor false" + as_written(subject, value),
                      "write `true` or `false`");
    }
    subject.option.set_number(record, value.text == "true" ? 1 : 0);
  }

  void read_choice(const Subject& subject, const YamlNode& value, void* record) {
    if (!is_scalar(subject, value)) return;
    const auto& choices = subject.option.choices;
    const auto found = std::ranges::find(choices, value.text);
    if (found == choices.end()) {
      return complain(subject, value.place,
                      "is not a value it can have" + as_written(subject, value),
                      "write one of " + joined(choices));
    }
    subject.option.set_number(record, static_cast<std::uint64_t>(found - choices.begin()));
  }

  void read_text(const Subject& subject, TextRule rule, const YamlNode& value, Text& into) {
    into.place = value.place;
    if (!is_scalar(subject, value)) {
      into.unknown = true;
      return;
    }
    into.substituted = value.substituted;
    if (const auto [complaint, remedy] = judge(subject, rule, value); !complaint.empty()) {
      into.unknown = true;
      return complain(subject, value.place, complaint, remedy);
    }
    into.value = value.text;
  }

  struct Judgement {
    std::string complaint;
    std::string remedy;
  };
  static Judgement judge(const Subject& subject, TextRule rule, const YamlNode& value) {
    const bool may_be_secret = subject.option.secret || subject.option.type == OptionType::mapping;
    if (may_be_secret && value.text == kSealedText) {
      return {"was hidden when this config was printed", "put the secret back, best as `${NAME}`"};
    }
    if (value.text.size() > subject.option.bytes_max) {
      return {fmt::format("is longer than {} bytes", subject.option.bytes_max), ""};
    }
    if (auto complaint = judge_text(rule, value.text)) {
      return {std::move(*complaint), remedy_of(rule, value)};
    }
    if (rule == TextRule::address && !core::SocketAddress::parse(value.text)) {
      return {
          "is no address to listen on" + as_written(subject, value),
          "write numbers, not names: `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/headrace.sock`"};
    }
    if (rule == TextRule::network && !core::Cidr::parse(value.text)) {
      return {"is no network" + as_written(subject, value),
              "write an address and a prefix length, as `10.0.0.0/8`, no bits set behind it"};
    }
    if (rule == TextRule::digest && !parse_digest(value.text)) {
      return {"is not 64 hexadecimal digits", "make it with `printf %s KEY | sha256sum`"};
    }
    return {};
  }

  static std::string remedy_of(TextRule rule, const YamlNode& value) {
    if (value.text.empty() && value.substituted) {
      return "the variable or file that it comes from is empty";
    }
    switch (rule) {
      case TextRule::scope:
        return "write a group (chat, completions, embeddings, moderations, token_counts, models, "
               "other), or a method and a path, as `POST /v1/chat/**`";
      case TextRule::permission:
        return "write a method and a path, as `POST /v1/chat/**`, or `*`";
      case TextRule::origin:
        return "write scheme and host in small letters, as `https://app.acme.test`, or `*`";
      case TextRule::date:
        return "write `2027-01-31`, or `2027-01-31T12:30:00Z`";
      default:
        return "";
    }
  }

  bool is_list(const Subject& subject, const YamlNode& value) {
    if (value.kind == Kind::sequence) return is_within_count(subject, value.items.size());
    complain(subject, subject.place, "is not a list",
             "write `[a, b]`, or lines that begin with `- `");
    return false;
  }
  bool is_within_count(const Subject& subject, std::size_t count) {
    if (count <= subject.option.count_max) return true;
    complain(subject, subject.place, fmt::format("has {} entries", count),
             fmt::format("keep it to {}", subject.option.count_max));
    return false;
  }

  void read_texts(const Subject& subject, const YamlNode& value, std::vector<Text>& into) {
    if (!is_list(subject, value)) return;
    const bool needs_one = subject.option.required || !subject.option.text_fallback.empty();
    if (value.items.empty() && needs_one) {
      return complain(subject, subject.place, "is an empty list", "name at least one");
    }
    into.clear();
    std::unordered_set<std::string> seen;
    for (const YamlNode& item : value.items) {
      Text text;
      if (item.unknown) {
        text.unknown = true;
      } else {
        read_text(subject, subject.option.rule, item, text);
      }
      if (!text.unknown && !seen.insert(text.value).second) {
        complain(subject, item.place, "has an entry twice", "remove one of them");
        continue;
      }
      into.push_back(std::move(text));
    }
  }

  void read_mapping(const Subject& subject, const YamlNode& value, std::vector<NamedText>& into) {
    if (value.kind != Kind::map) {
      return complain(subject, subject.place, "is not a map of names and values",
                      "write `name: value` lines below it");
    }
    if (!is_within_count(subject, value.items.size() / 2)) return;
    for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
      const YamlNode& name = value.items[i];
      if (auto complaint = judge_text(subject.option.name_rule, name.text)) {
        complain(subject, name.place, "has a name that " + *complaint);
        continue;
      }
      NamedText entry{.name = name.text, .text = {}};
      if (value.items[i + 1].unknown) {
        entry.text.unknown = true;
      } else {
        read_text({subject.option, subject.label, name.place}, subject.option.rule,
                  value.items[i + 1], entry.text);
      }
      entry.text.place = name.place;
      into.push_back(std::move(entry));
    }
  }

  void read_records(const Subject& subject, const YamlNode& value, void* record) {
    if (value.kind == Kind::null && !subject.option.required) return;  // none of them
    if (!is_list(subject, value)) return;
    if (value.items.empty() && subject.option.required) {
      return complain(subject, subject.place, "is an empty list", "add at least one");
    }
    for (const YamlNode& item : value.items) {
      read_record(*subject.option.section, item, subject.option.append(record));
    }
  }

  ErrorList& errors_;
};

}  // namespace

ConfigModel read_config(const YamlNode& root, ErrorList& errors) {
  ConfigModel model;
  if (root.kind == Kind::null) {
    errors.add({}, "the config is empty",
               "begin with `listeners:`; deploy/config/headrace.yaml is an example");
    set_defaults(config_section(), &model);
    return model;
  }
  Reader(errors).read_record(config_section(), root, &model);
  return model;
}

}  // namespace headrace::policy::config

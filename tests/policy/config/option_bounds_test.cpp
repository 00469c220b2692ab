// Every bound of every option, at the limit and one beyond, straight from the option table: an
// option that is added is tested.
#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/config/option_table.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;  // option, value

const Lines kListenerLines = {{"address", "127.0.0.1:8080"}};
const Lines kProviderLines = {{"name", "openai"},
                              {"dialect", "openai"},
                              {"url", "https://api.openai.com/v1"},
                              {"credential", "${OPENAI_API_KEY}"}};

// The given option among those that its record needs.
std::string record(int columns, const Lines& lines, std::string_view option,
                   std::string_view value) {
  const std::string indent(static_cast<std::size_t>(columns), ' ');
  std::string text;
  for (const auto& [name, given] : lines) {
    if (name != option) text += fmt::format("{}{}: {}\n", indent, name, given);
  }
  return text + fmt::format("{}{}: {}\n", indent, option, value);
}

std::string entry(int columns, const Lines& lines, std::string_view option,
                  std::string_view value) {
  std::string text = record(columns + 2, lines, option, value);
  text[static_cast<std::size_t>(columns)] = '-';
  return text;
}

// `a: [{b: [{option: value}]}]`: sections within sections, without what else they need.
std::string nested(std::string_view path, std::string_view option, std::string_view value) {
  std::string begin;
  std::string end;
  const SectionSpec* section = &config_section();
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    const OptionSpec* inner = find_option(*section, name);
    const bool many = inner->type == OptionType::records;
    begin += fmt::format("{}: {}", name, many ? "[{" : "{");
    end.insert(0, many ? "}]" : "}");
    section = inner->section;
  }
  return begin + fmt::format("{}: {}", option, value) + end + "\n";
}

// A config in which the option stands in the section at this path.
std::string config_with(const std::string& path, std::string_view option, std::string_view value) {
  if (path == "listeners") return "listeners:\n" + entry(2, kListenerLines, option, value);
  const std::string front(kListeners);
  if (path == "listeners.certificates") {
    return front + "    certificates:\n" + entry(6, {{"key_file", "b"}}, option, value);
  }
  if (path == "providers") {
    return front + "providers:\n" + entry(2, kProviderLines, option, value);
  }
  if (path == "providers.keys") {
    return front + "providers:\n" + entry(2, kProviderLines, "keys", "") +
           entry(6, {{"name", "k"}, {"credential", "${OPENAI_API_KEY}"}}, option, value);
  }
  if (path == "providers.breaker" || path == "providers.health") {
    return front + "providers:\n" + entry(2, kProviderLines, path.substr(10), "") +
           record(6, {}, option, value);
  }
  const std::string provider = text_of({kListeners, kProvider});
  if (path == "providers.addresses") {
    return provider + "    addresses:\n" + entry(6, {{"address", "1.1.1.1:443"}}, option, value);
  }
  if (path == "routes.retry" || path == "routes.hedge") {
    return provider + "routes:\n" + entry(2, {{"models", "[gpt-4o]"}}, path.substr(7), "") +
           record(6, {}, option, value);
  }
  if (path == "routes.targets") {
    return provider + "routes:\n  - models: [gpt-4o]\n    targets:\n" +
           entry(6, {{"provider", "openai"}}, option, value);
  }
  if (path == "routes.cache") {
    return provider +
           "routes:\n  - models: [gpt-4o]\n    targets: [{provider: openai}]\n    cache:\n" +
           record(6, {}, option, value);
  }
  if (path.contains('.')) {
    return (path.starts_with("providers.") ? front : provider) + nested(path, option, value);
  }
  const OptionSpec* section = find_option(config_section(), path);
  if (section != nullptr && section->type == OptionType::records) {
    return provider + path + ":\n" + entry(2, {}, option, value);
  }
  if (const std::size_t dot = path.find('.'); dot != path.npos) {
    // A part of one of several records; what else that record needs is not what is looked for.
    const std::string parent = path.substr(0, dot);
    const std::string part = path.substr(dot + 1);
    const bool several = find_option(section_of(parent), part)->type == OptionType::records;
    return provider + parent + ":\n  - " + part + ":\n" +
           (several ? entry(6, {}, option, value) : record(6, {}, option, value));
  }
  return front + path + ":\n" + record(2, {}, option, value);
}

using Visit = void (*)(const std::string& path, const OptionSpec& option);

void walk(const SectionSpec& section, const std::string& path, Visit visit) {
  for (const OptionSpec& option : section.options) {
    if (!path.empty()) visit(path, option);
    if (option.section == nullptr) continue;
    walk(*option.section,
         path.empty() ? std::string(option.name) : fmt::format("{}.{}", path, option.name), visit);
  }
}

bool complains(const std::string& path, const OptionSpec& option, std::string_view value,
               std::string_view of_what) {
  const std::string errors = errors_of(config_with(path, option.name, value));
  const std::string begin = fmt::format("`{}` of ", option.name);
  for (std::size_t start = 0; start < errors.size();) {
    const std::size_t end = errors.find('\n', start);
    const std::string_view line = std::string_view(errors).substr(start, end - start);
    if (line.contains(begin) && line.contains(of_what)) return true;
    start = end + 1;
  }
  return false;
}

TEST(OptionBounds, NumbersAreTakenAtTheirLimitsAndRefusedBeyond) {
  int numbers = 0;
  static int* count = &numbers;
  walk(config_section(), "", [](const std::string& path, const OptionSpec& option) {
    if (option.type != OptionType::number && option.type != OptionType::size) return;
    ++*count;
    const std::string name = path + "." + std::string(option.name);
    const auto refused = [&](const std::string& value) {
      return complains(path, option, value, "is out of range");
    };
    EXPECT_FALSE(refused(fmt::format("{}", option.min))) << name;
    EXPECT_FALSE(refused(fmt::format("{}", option.max))) << name;
    EXPECT_TRUE(refused(fmt::format("{}", option.max + 1))) << name;
    if (option.min > 0) {
      EXPECT_TRUE(refused(fmt::format("{}", option.min - 1))) << name;
    }
    EXPECT_GE(option.fallback, option.min) << name;
    EXPECT_LE(option.fallback, option.max) << name;
    for (const char* wrong : {"-1", "+1", "1.5", "0x10", "1e3", "1_000", "ten", "", "007", "10s",
                              "~", "[1]", "{a: 1}", "\" 1\"", "99999999999999999999"}) {
      EXPECT_TRUE(complains(path, option, wrong, "")) << name << " " << wrong;
    }
    if (option.power_of_two) {
      EXPECT_TRUE(complains(path, option, fmt::format("{}", option.max - 1), "power of two"))
          << name;
      EXPECT_TRUE(std::has_single_bit(option.fallback)) << name;
    }
  });
  EXPECT_GT(numbers, 20);
}

TEST(OptionBounds, SizesMayCarryASuffixAndOthersMayNot) {
  walk(config_section(), "", [](const std::string& path, const OptionSpec& option) {
    if (option.type == OptionType::number) {
      EXPECT_TRUE(complains(path, option, "1KiB", "is not a whole number")) << option.name;
    }
    if (option.type != OptionType::size) return;
    EXPECT_FALSE(complains(path, option, fmt::format("{}KiB", option.max / 1024), ""))
        << option.name;
    constexpr std::int64_t kMiB = 1024 * 1024;
    if (std::cmp_greater_equal(option.max, kMiB)) {
      EXPECT_FALSE(complains(path, option, "1MiB", "")) << option.name;
    }
    for (const char* wrong : {"1MB", "1M", "1 MiB", "1mib", "MiB", "1.5MiB", "01MiB", "-1MiB",
                              "9007199254740993MiB", "17179869184GiB"}) {
      EXPECT_TRUE(complains(path, option, wrong, "")) << option.name << " " << wrong;
    }
  });
}

TEST(OptionBounds, FlagsAndChoicesTakeTheirWordsOnly) {
  walk(config_section(), "", [](const std::string& path, const OptionSpec& option) {
    if (option.type == OptionType::flag) {
      EXPECT_FALSE(complains(path, option, "true", "neither")) << option.name;
      EXPECT_FALSE(complains(path, option, "false", "neither")) << option.name;
      for (const char* wrong : {"yes", "no", "on", "off", "True", "FALSE", "1", "0", "truex"}) {
        EXPECT_TRUE(complains(path, option, wrong, "neither true nor false"))
            << option.name << " " << wrong;
      }
    }
    if (option.type == OptionType::choice) {
      for (const std::string_view choice : option.choices) {
        EXPECT_FALSE(complains(path, option, choice, "not a value it can have")) << choice;
      }
      EXPECT_TRUE(complains(path, option, "else", "write one of")) << option.name;
      EXPECT_LT(option.fallback, option.choices.size()) << option.name;
    }
  });
}

TEST(OptionBounds, TextsAreTakenAtTheirLengthAndRefusedBeyond) {
  int texts = 0;
  static int* count = &texts;
  walk(config_section(), "", [](const std::string& path, const OptionSpec& option) {
    if (option.bytes_max == 0) return;
    ++*count;
    const std::string long_enough(option.bytes_max, 'a');
    const std::string_view what = "is longer than";
    const auto written = [&](const std::string& text) {
      if (option.type == OptionType::text) return text;
      return option.type == OptionType::texts ? "[" + text + "]" : "{a: " + text + "}";
    };
    EXPECT_FALSE(complains(path, option, written(long_enough), what)) << option.name;
    EXPECT_TRUE(complains(path, option, written(long_enough + "a"), what)) << option.name;
  });
  EXPECT_GT(texts, 20);
}

TEST(OptionBounds, ListsAreTakenAtTheirCountAndRefusedBeyond) {
  walk(config_section(), "", [](const std::string& path, const OptionSpec& option) {
    if (option.count_max == 0) return;
    const auto list_of = [&](std::size_t entries) {
      std::string list;
      for (std::size_t i = 0; i < entries; ++i) {
        list += fmt::format("{}{}", list.empty() ? "" : ", ",
                            option.type == OptionType::texts     ? fmt::format("a{}", i)
                            : option.type == OptionType::mapping ? fmt::format("a{}: b", i)
                                                                 : "{}");
      }
      return option.type == OptionType::mapping ? "{" + list + "}" : "[" + list + "]";
    };
    const std::string what = fmt::format("has {} entries", option.count_max + 1);
    EXPECT_FALSE(complains(path, option, list_of(option.count_max), "entries")) << option.name;
    EXPECT_TRUE(complains(path, option, list_of(option.count_max + 1), what)) << option.name;
  });
  // The lists of the file itself.
  for (const OptionSpec& option : config_section().options) {
    if (option.type != OptionType::records || option.count_max == 0) continue;
    std::string yaml = std::string(option.name) + ":\n";
    for (std::size_t i = 0; i < option.count_max; ++i)
      yaml += "- {}\n";
    EXPECT_FALSE(errors_of(yaml).contains("entries")) << option.name;
    EXPECT_TRUE(errors_of(yaml + "- {}\n").contains("entries")) << option.name;
  }
}

// A control character in any text at all would end up in a head, a path or a log line.
TEST(OptionBounds, NoTextTakesLineBreaksOrControls) {
  walk(config_section(), "", [](const std::string& path, const OptionSpec& option) {
    if (option.bytes_max == 0) return;
    for (const char* control : {"\\r", "\\n", "\\0", "\\x01", "\\x1b", "\\x7f", "\\t"}) {
      const std::string value = fmt::format("\"a{}b\"", control);
      const std::string written = option.type == OptionType::text    ? value
                                  : option.type == OptionType::texts ? "[" + value + "]"
                                                                     : "{a: " + value + "}";
      EXPECT_TRUE(complains(path, option, written, "control character"))
          << option.name << " " << control;
      if (option.type == OptionType::mapping) {
        EXPECT_TRUE(complains(path, option, "{" + value + ": a}", "control character"))
            << option.name << " " << control;
      }
    }
  });
}

TEST(OptionBounds, NamesAreUniqueAndEveryOptionIsExplained) {
  walk(config_section(), "", [](const std::string& path, const OptionSpec& option) {
    EXPECT_FALSE(option.help.empty()) << path << " " << option.name;
    EXPECT_TRUE(option.help.ends_with('.')) << path << " " << option.name;
  });
  std::set<const SectionSpec*> sections{&config_section()};
  for (const OptionSpec& option : config_section().options)
    sections.insert(option.section);
  for (const SectionSpec* section : sections) {
    std::set<std::string_view> names;
    for (const OptionSpec& option : section->options) {
      EXPECT_TRUE(names.insert(option.name).second) << section->name << " " << option.name;
    }
  }
}

}  // namespace
}  // namespace headrace::policy::config

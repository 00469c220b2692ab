#include "policy/config/reference_page.h"

#include <fmt/format.h>

#include "policy/config/option_table.h"
#include "policy/config/option_text.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kOpening = R"(# Configuration

One YAML file says everything. This page is made from the table of options that the compiler itself
goes by; `headrace -T` prints a config with every default filled in.

* Names carry their unit last. A number is a whole number in that unit; sizes in bytes may also be
  written with `KiB`, `MiB` or `GiB`.
* `${NAME}` in a value is replaced by an environment variable, `${file:/path}` by a file's content
  without its last line end; `$${` stands for `${` itself. No error repeats what came from there.
* Unknown options, options that stand twice, anchors, aliases and tags are refused. All errors are
  reported at once, each with line, column and a remedy; a bad config never replaces a good one.
* Secrets are sealed with AES-256-GCM as soon as they are read, and printed as `<sealed>`. The
  environment says under which key: `HEADRACE_MASTER_KEY` (32 bytes, in hexadecimal or base64), or
  the file that `HEADRACE_MASTER_KEY_FILE` names, or under systemd the credential
  `headrace-master-key` (`LoadCredential=`); without them it is one of this process alone.
* `headracectl compile headrace.yaml -o headrace.base` makes of it the base that is served by.
  `headrace --config headrace.base` takes that as it takes the file, where the master key is the
  same: for nodes that shall not see the variables and files that the config was made from.
* `deploy/config/headrace.yaml` is a config to begin with.
)";

std::string type_words(const OptionSpec& option) {
  switch (option.type) {
    case OptionType::number:
      return option.unit.empty() ? std::string("number") : std::string(option.unit);
    case OptionType::size:
      return "bytes";
    case OptionType::flag:
      return "true or false";
    case OptionType::choice: {
      std::string words;
      for (const std::string_view choice : option.choices) {
        words += fmt::format("{}`{}`", words.empty() ? "" : ", ", choice);
      }
      return words;
    }
    case OptionType::text:
      return fmt::format("text, at most {} bytes", option.bytes_max);
    case OptionType::texts:
      return fmt::format("list, at most {}", option.count_max);
    case OptionType::mapping:
      return fmt::format("names and values, at most {}", option.count_max);
    case OptionType::record:
      return "section";
    case OptionType::records:
      return fmt::format("list of sections, at most {}", option.count_max);
  }
  return {};
}

std::string default_words(const OptionSpec& option) {
  if (option.required) return "required";
  if (!option.fallback_shown.empty()) return std::string(option.fallback_shown);
  if (option.get_number != nullptr) {
    return fmt::format("`{}`", number_text(option, option.fallback));
  }
  if (!option.text_fallback.empty()) return fmt::format("`{}`", option.text_fallback);
  return "none";
}

std::string bounds_words(const OptionSpec& option) {
  if (option.type != OptionType::number && option.type != OptionType::size) return "";
  return fmt::format("{} to {}{}", number_text(option, option.min), number_text(option, option.max),
                     option.power_of_two ? ", a power of two" : "");
}

void write_table(const SectionSpec& section, std::string& page) {
  page += "\n| option | value | default | bounds | meaning |\n|---|---|---|---|---|\n";
  for (const OptionSpec& option : section.options) {
    page += fmt::format("| `{}` | {} | {} | {} | {} |\n", option.name, type_words(option),
                        default_words(option), bounds_words(option), option.help);
  }
}

void write_sections(const SectionSpec& section, const std::string& path, std::string& page) {
  for (const OptionSpec& option : section.options) {
    if (option.section == nullptr) continue;
    const std::string name =
        path.empty() ? std::string(option.name) : fmt::format("{}.{}", path, option.name);
    page += fmt::format("\n## `{}`\n\n{}\n", name, option.help);
    write_table(*option.section, page);
    write_sections(*option.section, name, page);
  }
}

}  // namespace

std::string reference_page() {
  std::string page(kOpening);
  page += "\n## Sections\n";
  write_table(config_section(), page);
  write_sections(config_section(), "", page);
  return page;
}

}  // namespace headrace::policy::config

#include "policy/config/effective_yaml.h"

#include <fmt/format.h>

#include "policy/config/config_unpack.h"
#include "policy/config/option_table.h"
#include "policy/config/option_text.h"

namespace headrace::policy::config {
namespace {

std::string text_value(const Text& text) {
  return quoted(text.hidden ? kSealedText : text.value);
}

class Writer {
 public:
  // Writes the options of one record, each line indented by so many levels.
  void record(const SectionSpec& section, void* record, int level) {
    for (const OptionSpec& option : section.options)
      this->option(option, record, level);
  }
  std::string take() { return std::move(out_); }

 private:
  void option(const OptionSpec& option, void* record, int level) {
    switch (option.type) {
      case OptionType::number:
      case OptionType::size:
      case OptionType::flag:
      case OptionType::choice:
        return line(level, option.name, number_text(option, option.get_number(record)));
      case OptionType::text: {
        const Text& text = *option.text(record);
        if (text.hidden || !text.value.empty()) line(level, option.name, text_value(text));
        return;
      }
      case OptionType::texts:
        return list(option, *option.texts(record), level);
      case OptionType::mapping:
        if (option.mapping(record)->empty()) return;
        line(level, option.name, "");
        for (const NamedText& entry : *option.mapping(record)) {
          line(level + 1, quoted(entry.name), text_value(entry.text));
        }
        return;
      case OptionType::record:
        line(level, option.name, "");
        return this->record(*option.section, option.record(record), level + 1);
      case OptionType::records:
        return records(option, record, level);
    }
  }

  void list(const OptionSpec& option, const std::vector<Text>& texts, int level) {
    if (texts.empty()) return;
    std::string values;
    for (const Text& text : texts)
      values += (values.empty() ? "" : ", ") + text_value(text);
    line(level, option.name, "[" + values + "]");
  }

  void records(const OptionSpec& option, void* record, int level) {
    const std::size_t count = option.count(record);
    if (count == 0) return;
    line(level, option.name, "");
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t start = out_.size();
      this->record(*option.section, option.at(record, i), level + 2);
      // The first line of an entry begins with a dash, two columns to the left.
      out_[start + indent(level + 2).size() - 2] = '-';
    }
  }

  static std::string indent(int level) {
    return std::string(static_cast<std::size_t>(level) * 2, ' ');
  }
  void line(int level, std::string_view name, std::string_view value) {
    out_ += fmt::format("{}{}:{}{}\n", indent(level), name, value.empty() ? "" : " ", value);
  }

  std::string out_;
};

}  // namespace

std::string effective_yaml(const ConfigView& config) {
  ConfigModel model = unpack(config);
  Writer writer;
  writer.record(config_section(), &model, 0);
  return writer.take();
}

}  // namespace headrace::policy::config

// Makes entries of the option table from pointers to members, so that an option's name and its
// field stand in one line: number<&HttpModel::row, &HttpSettings::fields_max>("fields_max", ...).
//
// Threads: constant expressions. For option_table*.cpp only.
#pragma once

#include <span>
#include <string_view>
#include <type_traits>

#include "policy/config/option_table.h"

namespace headrace::policy::config {

// --- sizes and times that many options share --------------------------------------------------
inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;
inline constexpr std::uint64_t kSecond = 1000;
inline constexpr std::uint64_t kMinute = 60 * kSecond;
inline constexpr std::uint64_t kHour = 60 * kMinute;
inline constexpr std::uint64_t kDay = 24 * kHour;
inline constexpr std::size_t kFileBytesMax = 1024;
inline constexpr std::size_t kNameBytesMax = 64;
inline constexpr std::size_t kLabelBytesMax = 128;
inline constexpr std::size_t kPermissionBytesMax = 264;  // a path pattern behind the longest method

// --- from a pointer to a member to functions over a record ---------------------------------------
template <class Member>
struct MemberOf;
template <class O, class F>
struct MemberOf<F O::*> {
  using Owner = O;
  using Field = F;
};

template <auto First, auto... Rest>
auto& reach(auto& record) {
  if constexpr (sizeof...(Rest) == 0) {
    return record.*First;
  } else {
    return reach<Rest...>(record.*First);
  }
}

template <auto First, auto... Rest>
struct At {
  using Owner = typename MemberOf<decltype(First)>::Owner;
  static auto& in(void* record) { return reach<First, Rest...>(*static_cast<Owner*>(record)); }
  static const auto& in(const void* record) {
    return reach<First, Rest...>(*static_cast<const Owner*>(record));
  }
};

template <auto... Path>
constexpr OptionSpec scalar(std::string_view name, OptionType type, std::string_view help) {
  OptionSpec option{.name = name, .type = type, .help = help};
  option.get_number = [](const void* record) {
    return static_cast<std::uint64_t>(At<Path...>::in(record));
  };
  option.set_number = [](void* record, std::uint64_t value) {
    auto& field = At<Path...>::in(record);
    field = static_cast<std::remove_reference_t<decltype(field)>>(value);
  };
  return option;
}

struct Bounds {
  std::uint64_t fallback, min, max;
};

template <auto... Path>
constexpr OptionSpec number(std::string_view name, std::string_view unit, Bounds bounds,
                            std::string_view help) {
  OptionSpec option = scalar<Path...>(name, OptionType::number, help);
  option.unit = unit;
  option.fallback = bounds.fallback;
  option.min = bounds.min;
  option.max = bounds.max;
  return option;
}
template <auto... Path>
constexpr OptionSpec size(std::string_view name, Bounds bounds, std::string_view help) {
  OptionSpec option = number<Path...>(name, "bytes", bounds, help);
  option.type = OptionType::size;
  return option;
}
template <auto... Path>
constexpr OptionSpec flag(std::string_view name, bool fallback, std::string_view help) {
  OptionSpec option = scalar<Path...>(name, OptionType::flag, help);
  option.fallback = fallback ? 1 : 0;
  option.max = 1;
  return option;
}
template <auto... Path>
constexpr OptionSpec choice(std::string_view name, std::span<const std::string_view> choices,
                            std::uint64_t fallback, std::string_view help) {
  OptionSpec option = scalar<Path...>(name, OptionType::choice, help);
  option.choices = choices;
  option.fallback = fallback;
  option.max = choices.size() - 1;
  return option;
}
template <auto... Path>
constexpr OptionSpec text(std::string_view name, TextRule rule, std::size_t bytes_max,
                          std::string_view help) {
  OptionSpec option{
      .name = name, .type = OptionType::text, .rule = rule, .bytes_max = bytes_max, .help = help};
  option.text = [](void* record) { return &At<Path...>::in(record); };
  return option;
}
template <auto... Path>
constexpr OptionSpec texts(std::string_view name, TextRule rule, std::size_t bytes_max,
                           std::size_t count_max, std::string_view help) {
  OptionSpec option{.name = name,
                    .type = OptionType::texts,
                    .rule = rule,
                    .count_max = count_max,
                    .bytes_max = bytes_max,
                    .help = help};
  option.texts = [](void* record) { return &At<Path...>::in(record); };
  return option;
}
template <auto Field>
constexpr OptionSpec mapping(std::string_view name, TextRule name_rule, TextRule rule,
                             std::size_t bytes_max, std::size_t count_max, std::string_view help) {
  OptionSpec option{.name = name,
                    .type = OptionType::mapping,
                    .rule = rule,
                    .name_rule = name_rule,
                    .count_max = count_max,
                    .bytes_max = bytes_max,
                    .help = help};
  option.mapping = [](void* record) { return &At<Field>::in(record); };
  return option;
}
template <auto Field>
constexpr OptionSpec record(std::string_view name, const SectionSpec& section,
                            std::string_view help) {
  OptionSpec option{.name = name, .type = OptionType::record, .section = &section, .help = help};
  option.record = [](void* owner) -> void* { return &At<Field>::in(owner); };
  return option;
}
template <auto... Path>
constexpr OptionSpec records(std::string_view name, const SectionSpec& section,
                             std::size_t count_max, std::string_view help) {
  OptionSpec option{.name = name,
                    .type = OptionType::records,
                    .count_max = count_max,
                    .section = &section,
                    .help = help};
  option.append = [](void* owner) -> void* { return &At<Path...>::in(owner).emplace_back(); };
  option.count = [](const void* owner) { return At<Path...>::in(owner).size(); };
  option.at = [](void* owner, std::size_t index) -> void* {
    return &At<Path...>::in(owner)[index];
  };
  return option;
}

template <class Model>
constexpr SectionSpec section(std::string_view name, std::span<const OptionSpec> options) {
  return {.name = name, .options = options, .places = [](void* owner) -> Record* {
            return static_cast<Model*>(owner);
          }};
}

// --- qualities that few options have -----------------------------------------------------------
constexpr OptionSpec required(OptionSpec option) {
  option.required = true;
  return option;
}
constexpr OptionSpec secret(OptionSpec option) {
  option.secret = true;
  return option;
}
constexpr OptionSpec power_of_two(OptionSpec option) {
  option.power_of_two = true;
  return option;
}
constexpr OptionSpec by_default(std::string_view value, OptionSpec option) {
  option.text_fallback = value;
  return option;
}
// A default that depends on other options, in words.
constexpr OptionSpec otherwise(std::string_view words, OptionSpec option) {
  option.fallback_shown = words;
  return option;
}

}  // namespace headrace::policy::config

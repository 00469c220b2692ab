// The one table of options: name, type, unit, default, bounds, meaning, and where the value lies.
// The reader, `-T`, the reference page and the judge of a base all go by it.
//
// Names carry their unit last. A number is a whole number in that unit; sizes in bytes may also be
// written with KiB, MiB or GiB.
//
// Threads: constant data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/config/config_model.h"

namespace headrace::policy::config {

enum class OptionType : std::uint8_t {
  number,
  size,    // bytes; KiB, MiB, GiB
  flag,    // true or false
  choice,  // one of a few words
  text,
  texts,    // a list
  mapping,  // names with values
  record,   // a map with options of its own
  records,  // a list of such maps
};

// What a text must look like. Control characters are refused in all of them.
enum class TextRule : std::uint8_t {
  any,
  identifier,  // letters, digits and . _ - /
  label,       // shown to people; any printable text
  address,     // "127.0.0.1:8080", "[::1]:8080", "unix:/run/x.sock"
  file,
  socket_file,
  url,
  host,
  network,  // "10.0.0.0/8"
  header_name,
  header_value,
  query_name,
  query_value,
  credential,
  digest,
  model,          // of a provider
  model_pattern,  // as asked for; may end in a star
  path_pattern,
  health_path,  // what a health check asks for
  method,
  permission,        // "POST /v1/chat/**" (permission_text.h)
  scope,             // a group of endpoints, or a permission
  date,              // "2027-01-31"
  stage,             // one that may be left out
  protocol,          // of ALPN
  origin,            // of a page: "https://app.acme.test", or "*"
  certificate_name,  // "uri:spiffe://acme/app"
};

struct SectionSpec;

struct OptionSpec {
  std::string_view name = {};
  OptionType type = OptionType::text;
  TextRule rule = TextRule::any;
  TextRule name_rule = TextRule::any;  // of a mapping's names
  std::string_view unit = {};          // of numbers: "ms", "bytes", ...
  std::uint64_t fallback = 0;          // of numbers, flags (0, 1) and choices (index)
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  std::string_view text_fallback = {};
  std::string_view fallback_shown = {};  // where the default is not a plain value: in words
  std::size_t count_max = 0;             // of texts, mappings and records
  std::size_t bytes_max = 0;             // of a text, or of each of several
  std::span<const std::string_view> choices = {};
  const SectionSpec* section = nullptr;  // of a record, and of each of several
  bool required = false;
  bool secret = false;  // never shown; sealed in the base
  bool power_of_two = false;
  std::string_view help = {};

  // Where the value lies in the record; the ones that fit the type are set.
  std::uint64_t (*get_number)(const void* record) = nullptr;
  void (*set_number)(void* record, std::uint64_t value) = nullptr;
  Text* (*text)(void* record) = nullptr;
  std::vector<Text>* (*texts)(void* record) = nullptr;
  std::vector<NamedText>* (*mapping)(void* record) = nullptr;
  void* (*record)(void* record) = nullptr;
  void* (*append)(void* record) = nullptr;
  std::size_t (*count)(const void* record) = nullptr;
  void* (*at)(void* record, std::size_t index) = nullptr;
};

struct SectionSpec {
  std::string_view name = {};  // "provider": as errors call one
  std::span<const OptionSpec> options = {};
  Record* (*places)(void* record) = nullptr;
};

// The whole file: its options are the sections.
[[nodiscard]] const SectionSpec& config_section();
// One of them, by the name that it has in the file ("http", "providers").
[[nodiscard]] const SectionSpec& section_of(std::string_view name);

[[nodiscard]] const OptionSpec* find_option(const SectionSpec& section, std::string_view name);

// Fills in every default of a record and of the single records in it.
void set_defaults(const SectionSpec& section, void* record);

// The first number, flag or choice of a record that lies outside of its bounds, or nullptr.
[[nodiscard]] const OptionSpec* first_out_of_bounds(const SectionSpec& section, const void* record);

}  // namespace headrace::policy::config

// A YAML text as a tree in which everything knows its place: what the config compiler reads.
//
// Bounded before and while it is parsed (a config may come from anywhere): see the maxima below.
// Anchors, aliases, tags and further documents are refused: a config needs none of them, and small
// texts could mean large ones. Keys that stand twice in one map are refused.
//
// Threads: pure but for the SecretSource asked by substitute(). Errors: with place and remedy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/config/secret_source.h"

namespace headrace::policy::config {

inline constexpr std::size_t kYamlBytesMax = std::size_t{8} * 1024 * 1024;
inline constexpr std::size_t kYamlNodesMax = 250'000;
inline constexpr std::size_t kYamlDepthMax = 12;
inline constexpr std::size_t kYamlScalarBytesMax = std::size_t{16} * 1024;
// ${...}: in one config, and the bytes of one value.
inline constexpr std::size_t kSubstitutionsMax = 25'000;
inline constexpr std::size_t kSubstitutedBytesMax = std::size_t{64} * 1024;

class ErrorList;

struct Place {
  std::uint32_t line = 0;    // from 1
  std::uint32_t column = 0;  // from 1
};

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, sequence, map };

  Kind kind = Kind::null;
  bool quoted = false;       // a scalar in quotes
  bool substituted = false;  // a scalar that held ${...}: never shown again
  bool unknown = false;      // a scalar whose ${...} could not be had; already reported
  Place place;
  std::string text;             // of a scalar
  std::vector<YamlNode> items;  // of a sequence: its items; of a map: key, value, key, value ...
};

// Judges and parses. Empty when the text is not YAML or breaks a bound: then `errors` says why.
[[nodiscard]] std::optional<YamlNode> parse_yaml(std::string_view text, ErrorList& errors);

// Replaces ${NAME} and ${file:/path} in every value (not in keys); `$${` stands for `${` itself.
void substitute(YamlNode& root, SecretSource& source, ErrorList& errors);

// Overwrites what came out of ${...}.
void wipe_substituted(YamlNode& root);

}  // namespace headrace::policy::config

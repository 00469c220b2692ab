// What the tests of the config compiler share: an environment in memory and short ways to compile.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "policy/config/compile.h"
#include "policy/config/config_view.h"
#include "policy/config/time_zone.h"
#include "tests/policy/config/zone_file_text.h"

namespace headrace::policy::config {

class MapSource final : public SecretSource {
 public:
  std::map<std::string, std::string, std::less<>> variables;
  std::map<std::string, std::string, std::less<>> files;

  std::optional<std::string> variable(std::string_view name) override {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  }
  std::expected<std::string, std::string> file(std::string_view path) override {
    const auto found = files.find(path);
    if (found == files.end()) return std::unexpected("no such file");
    return found->second;
  }
  // The folder of what is not there.
  std::optional<std::string> unreadable(std::string_view path) override { return missing(path); }
  std::optional<std::string> unwritable(std::string_view path) override { return missing(path); }

 private:
  static std::optional<std::string> missing(std::string_view path) {
    if (!path.starts_with("/nowhere/")) return std::nullopt;
    return "no such file";
  }
};

// Secrets that must never be seen again.
inline constexpr std::string_view kProviderSecret = "sk-CANARY-provider-0123456789";
inline constexpr std::string_view kClientSecret = "sk-CANARY-client-0123456789";

inline MapSource usual_source() {
  MapSource source;
  source.variables = {
      {"OPENAI_API_KEY", std::string(kProviderSecret)},
      {"ANTHROPIC_API_KEY", std::string(kProviderSecret)},
      {"GEMINI_API_KEY", std::string(kProviderSecret)},
      {"HEADRACE_KEY", std::string(kClientSecret)},
      {"HEADRACE_LISTEN", "127.0.0.1:8080"},
      {"HEADRACE_ADMIN", "127.0.0.1:9180"},
      {"HEADRACE_PROVIDER_URL", "http://127.0.0.1:9000"},
      {"HEADRACE_PROVIDER_KEY", std::string(kProviderSecret)},
  };
  source.files = {{time_zone_file("Europe/Berlin"),
                   zone_file_text({{.at = 1761440400, .type = 0}, {.at = 1774746000, .type = 1}},
                                  {3600, 7200})}};
  return source;
}

inline MasterKey test_master_key() {
  return MasterKey::parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
      .value();
}

using Compiled = std::expected<std::vector<std::byte>, std::vector<ConfigError>>;

inline Compiled compile_text(std::string_view yaml) {
  MapSource source = usual_source();
  return compile(yaml, "test.yaml", source, test_master_key());
}

// All errors, one a line; empty when there are none.
inline std::string errors_of(std::string_view yaml) {
  const Compiled compiled = compile_text(yaml);
  return compiled ? std::string() : errors_text(compiled.error());
}

// A compiled config with a view of it. Fails the test when the text does not compile.
struct OpenConfig {
  explicit OpenConfig(std::string_view yaml) {
    Compiled compiled = compile_text(yaml);
    EXPECT_TRUE(compiled) << (compiled ? "" : errors_text(compiled.error()));
    if (!compiled) return;
    base = std::move(*compiled);
    auto opened = ConfigView::open(base);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error());
    if (opened) view = *opened;
  }
  [[nodiscard]] bool good() const { return !view.bytes().empty(); }

  std::vector<std::byte> base;
  ConfigView view;
};

// The tree in whose build folder this test program lies.
inline std::filesystem::path source_folder() {
  auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  while (!std::filesystem::exists(folder / "CMakePresets.json") && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

inline std::string read_source_file(std::string_view path) {
  std::ifstream file(source_folder() / path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline constexpr std::string_view kListeners = "listeners:\n  - address: 127.0.0.1:8080\n";
inline constexpr std::string_view kProvider =
    "providers:\n"
    "  - name: openai\n"
    "    dialect: openai\n"
    "    url: https://api.openai.com/v1\n"
    "    credential: ${OPENAI_API_KEY}\n";
inline constexpr std::string_view kRoute =
    "routes:\n  - models: [gpt-4o]\n    targets:\n      - provider: openai\n";

inline std::string text_of(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts)
    text += part;
  return text;
}

}  // namespace headrace::policy::config

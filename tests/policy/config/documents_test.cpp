// Every config that a document shows is right: whoever copies it has no error to look for. What a
// piece leaves out (a listener, a provider) is put beside it.
#include <algorithm>
#include <regex>
#include <vector>

#include <gtest/gtest.h>

#include "policy/dialect/reason.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

struct Piece {
  std::string place;  // document and line
  std::string yaml;
};

std::vector<std::string> documents() {
  std::vector<std::string> found = {"README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(source_folder() / "docs")) {
    if (entry.path().extension() == ".md") {
      found.push_back("docs/" + entry.path().filename().string());
    }
  }
  std::ranges::sort(found);
  return found;
}

std::vector<Piece> pieces_of(const std::string& document) {
  std::vector<Piece> pieces;
  std::istringstream page(read_source_file(document));
  std::string line;
  bool within = false;
  for (int number = 1; std::getline(page, line); ++number) {
    if (line.starts_with("```")) {
      within = !within && line == "```yaml";
      if (within) pieces.push_back({document + ":" + std::to_string(number), {}});
    } else if (within) {
      pieces.back().yaml += line + "\n";
    }
  }
  return pieces;
}

bool has_section(std::string_view yaml, std::string_view name) {
  const std::string begin = std::string(name) + ":";
  return yaml.starts_with(begin) || yaml.contains("\n" + begin);
}

constexpr std::string_view kReserve =
    "  - name: reserve\n"
    "    dialect: openai\n"
    "    url: https://reserve.example/v1\n"
    "    credential: sk-CANARY-reserve-0123456789\n";

// A whole config around it.
std::string completed(const std::string& yaml) {
  std::string text = yaml;
  if (!has_section(yaml, "listeners")) text += kListeners;
  if (!has_section(yaml, "providers")) text += text_of({kProvider, kReserve});
  if (!has_section(yaml, "routes")) {
    text += "routes: [{models: ['gpt-*'], targets: [{provider: openai}]}]\n";
  }
  if (!has_section(yaml, "roles") && yaml.contains("roles: [writer]")) {
    text += "roles: [{name: writer, allow: ['*']}]\n";
  }
  if (!has_section(yaml, "plans") && yaml.contains("plan: pro")) text += "plans: [{name: pro}]\n";
  return text;
}

MapSource source_for(const std::string& yaml) {
  MapSource source = usual_source();
  static const std::regex kVariable(R"(\$\{([A-Z_]+)\})");
  for (auto at = std::sregex_iterator(yaml.begin(), yaml.end(), kVariable);
       at != std::sregex_iterator(); ++at) {
    // No two keys may be the same.
    source.variables.try_emplace((*at)[1].str(),
                                 "sk-" + (*at)[1].str() + "-0123456789-0123456789-0123456789");
  }
  source.files["/etc/headrace/sso-jwks.json"] =
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";
  return source;
}

TEST(Documents, EveryConfigCompiles) {
  std::size_t count = 0;
  for (const std::string& document : documents()) {
    for (const Piece& piece : pieces_of(document)) {
      ++count;
      MapSource source = source_for(piece.yaml);
      const Compiled compiled =
          compile(completed(piece.yaml), piece.place, source, test_master_key());
      EXPECT_TRUE(compiled) << (compiled ? "" : errors_text(compiled.error()));
    }
  }
  EXPECT_GE(count, 12U) << "the pieces are no longer found";
}

TEST(Documents, EveryCodeOfARefusalIsTold) {
  const std::string page = read_source_file("docs/errors.md");
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const ReasonRow& reason = row(static_cast<Reason>(i));
    const std::string told =
        "| `" + std::string(reason.code) + "` | " + std::to_string(reason.status);
    EXPECT_TRUE(page.contains(told)) << told;
  }
}

}  // namespace
}  // namespace headrace::policy::config

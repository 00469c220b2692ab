// Config texts: whatever comes is refused with words that hold no secret, or becomes a base that
// opens and that, printed and with its secrets put back, becomes the same base again.
#include <cstdint>
#include <string>

#include "policy/config/compile.h"
#include "policy/config/config_view.h"
#include "policy/config/effective_yaml.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

using namespace policy::config;

constexpr std::string_view kSecret = "sk-CANARY-0123456789";

class OneSecret final : public SecretSource {
 public:
  std::optional<std::string> variable(std::string_view name) override {
    if (name == "SECRET") return std::string(kSecret);
    return std::nullopt;
  }
  std::expected<std::string, std::string> file(std::string_view) override {
    return std::unexpected("no such file");
  }
};

void try_config(std::string_view text) {
  OneSecret source;
  static const MasterKey master_key =
      MasterKey::parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f").value();
  const auto compiled = compile(text, "fuzz.yaml", source, master_key);
  if (!compiled) {
    FUZZ_CHECK(!compiled.error().empty());
    FUZZ_CHECK(compiled.error().size() <= kConfigErrorsMax);
    for (const ConfigError& error : compiled.error()) {
      FUZZ_CHECK(!error.message.empty());
      FUZZ_CHECK(!error.message.starts_with("the config could not be laid out"));
      FUZZ_CHECK(text.contains("CANARY") || !error_text(error).contains("CANARY"));
    }
    return;
  }
  const auto view = ConfigView::open(*compiled);
  FUZZ_CHECK(view.has_value());
  std::string printed = effective_yaml(*view);
  if (printed.contains(kSealedText)) return;  // which secret stood where is not known here
  const auto again = compile(printed, "fuzz.yaml", source, master_key);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(*again == *compiled);
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  headrace::fuzz::try_config({reinterpret_cast<const char*>(data), size});
  return 0;
}

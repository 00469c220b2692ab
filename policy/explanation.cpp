#include "policy/explanation.h"

#include <algorithm>

#include "core/check.h"
#include "core/utf8_sequence.h"
#include "policy/json/json_writer.h"
#include "policy/price/price_version.h"

namespace headrace::policy {
namespace {

constexpr std::size_t kTextBytesMax = 96;
constexpr std::size_t kSaidBytesMax = 160;
// Stages with their times; texts, of which two bytes may become an escape of six; punctuation.
static_assert(kStageNames.size() * 36 + 3 * (7 * kTextBytesMax + kSaidBytesMax) + 384 <=
              kExplanationBytesMax);

void write_text(JsonWriter& writer, std::string_view key, std::string_view value) {
  writer.raw(key);
  if (value.empty()) {
    writer.raw("null");
  } else {
    writer.string(value, kTextBytesMax);
  }
}

void write_money(JsonWriter& writer, std::string_view key,
                 const std::optional<core::MicroUsd>& value) {
  writer.raw(key);
  if (value) {
    writer.number(value->count());
  } else {
    writer.raw("null");
  }
}

// JSON text with every character beyond ASCII written as \uXXXX: they stand in strings only.
class AsciiText {
 public:
  explicit AsciiText(std::span<char> out) : out_(out) {}

  std::string_view write(std::string_view json) {
    while (!json.empty()) {
      const std::size_t bytes = core::utf8_sequence_bytes(json);
      HEADRACE_CHECK(bytes > 0, "the writer of JSON leaves only UTF-8");
      if (bytes == 1) {
        put(json.front());
      } else {
        put_escaped(core::utf8_code_point(json.substr(0, bytes)));
      }
      json.remove_prefix(bytes);
    }
    return {out_.data(), size_};
  }

 private:
  void put(char c) {
    HEADRACE_CHECK(size_ < out_.size(), "an explanation is of bounded size");
    out_[size_++] = c;
  }
  void put_unit(std::uint32_t unit) {
    put('\\');
    put('u');
    for (unsigned shift = 16; shift > 0; shift -= 4) {
      put("0123456789abcdef"[unit >> (shift - 4) & 0xFU]);
    }
  }
  void put_escaped(std::uint32_t code) {
    if (code < 0x10000) return put_unit(code);
    put_unit(0xD800 + ((code - 0x10000) >> 10U));
    put_unit(0xDC00 + ((code - 0x10000) & 0x3FFU));
  }

  std::span<char> out_;
  std::size_t size_ = 0;
};

}  // namespace

void Explanation::enter(Stage stage, core::Instant now) {
  took_[static_cast<std::size_t>(stage_)] += now - entered_;
  stage_ = stage;
  entered_ = now;
  passed_ = static_cast<std::uint16_t>(passed_ | 1U << static_cast<unsigned>(stage));
}

std::string_view write_explanation(Explanation& explanation, std::string_view said,
                                   core::Instant now, std::span<char> out) {
  HEADRACE_CHECK(out.size() >= kExplanationBytesMax);
  explanation.enter(explanation.stage_, now);
  std::array<char, kExplanationBytesMax> room;
  JsonWriter writer{std::span<char>(room)};
  writer.raw(R"({"stages_us":{)");
  bool first = true;
  for (std::size_t i = 0; i < kStageNames.size(); ++i) {
    if ((unsigned{explanation.passed_} >> i & 1U) == 0) continue;
    if (!first) writer.raw(",");
    first = false;
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(explanation.took_[i]);
    writer.string(kStageNames[i]).raw(":").number(micros.count());
  }
  write_text(writer, R"(},"limit":)", explanation.limit);
  write_text(writer, R"(,"scope":)", explanation.scope);
  write_text(writer, R"(,"provider":)", explanation.provider);
  write_text(writer, R"(,"model":)", explanation.model);
  write_text(writer, R"(,"why":)", explanation.why);
  writer.raw(R"(,"attempts":)").number(explanation.attempts);
  const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(explanation.waited);
  writer.raw(R"(,"waited_us":)").number(waited.count());
  write_text(writer, R"(,"cache":)", explanation.cache);
  write_text(writer, R"(,"price":)", PriceVersionText(explanation.price_version).view());
  write_money(writer, R"(,"cost_micro_usd":)", explanation.cost);
  write_money(writer, R"(,"reserved_micro_usd":)", explanation.reserved);
  writer.raw(R"(,"said":)").string(said, kSaidBytesMax).raw("}");
  HEADRACE_CHECK(writer.fits());
  return AsciiText(out).write({room.data(), writer.size()});
}

}  // namespace headrace::policy

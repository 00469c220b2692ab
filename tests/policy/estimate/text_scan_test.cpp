#include "policy/estimate/text_scan.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

TextCounts counts_of(const std::string& json) {
  TextScan scan;
  scan.feed(json);
  return scan.counts();
}

TextCounts counts_of_text(const std::string& text) {
  return counts_of("\"" + text + "\"");
}

TEST(TextScan, CountsRunsOfEachClass) {
  const TextCounts counts = counts_of_text("Hello wonderful World,  see 12 and 34567 (yes!?)");
  EXPECT_EQ(counts.words, 6U);
  EXPECT_EQ(counts.capitals, 2U);
  EXPECT_EQ(counts.letters_past_4, 1U + 5U + 1U);
  EXPECT_EQ(counts.digit_runs, 2U);
  EXPECT_EQ(counts.digits_past_3, 2U);
  EXPECT_EQ(counts.spaced_digits, 2U);
  EXPECT_EQ(counts.marks, 5U);
  EXPECT_EQ(counts.mark_runs, 3U);
  EXPECT_EQ(counts.wide_gaps, 1U);
  EXPECT_EQ(counts.text_bytes, 48U);
}

TEST(TextScan, CountsEscapesAsWhatTheyStandFor) {
  const TextCounts counts = counts_of_text(R"(one\ntwo\n\nthree \"four\" \\ f\u00fcnf)");
  EXPECT_EQ(counts.words, 5U);
  EXPECT_EQ(counts.line_ends, 2U);
  EXPECT_EQ(counts.marks, 3U);
  EXPECT_EQ(counts.code_points, 1U);
  EXPECT_EQ(counts.digit_runs, 0U);
  const TextCounts utf8 = counts_of_text("f\u00fcnf");
  EXPECT_EQ(utf8.words, 1U);
  EXPECT_EQ(utf8.high_bytes, 2U);
}

TEST(TextScan, SeesNothingOutsideOfStrings) {
  const TextCounts counts = counts_of(R"([{"a":12345,"b":[true,null]},-1.5e10])");
  EXPECT_EQ(counts.words, 2U);
  EXPECT_EQ(counts.text_bytes, 2U);
  EXPECT_EQ(counts.digit_runs, 0U);
}

TEST(TextScan, KnowsMessagesMediaAndTools) {
  const TextCounts counts = counts_of(
      R"([{"role":"user","content":[{"type":"text","text":"look"},)"
      R"({"type":"image_url","image_url":{"url":"https://example.com/a.png"}},)"
      R"({ "type" : "image", "source" : {"type": "url"}},)"
      R"({"type":"input_audio","input_audio":{"data":"AAAA"}},{"type":"document"},)"
      R"({"inlineData":{}},{"fileData":{}}]},{"role":"assistant"},)"
      R"({"type":"web_search_20250305"},{"googleSearch":{}}, {"type":"function","name":"image"}])");
  EXPECT_EQ(counts.messages, 2U);
  EXPECT_EQ(counts.images, 4U);  // a tool's name counts as one: better one too many
  EXPECT_EQ(counts.audios, 1U);
  EXPECT_EQ(counts.documents, 1U);
  EXPECT_EQ(counts.references, 1U);
  EXPECT_EQ(counts.searches, 2U);
}

// A part of Gemini's is an image unless its type says that it is longer than one.
TEST(TextScan, KnowsWhatGeminisMediaAre) {
  struct Case {
    std::string_view type;
    std::uint32_t documents;
    std::uint32_t audios;
  };
  for (const Case& one : {Case{"image/png", 0, 0}, Case{"application/pdf", 1, 0},
                          Case{"video/mp4", 1, 0}, Case{"audio/wav", 0, 1}}) {
    for (const std::string_view key : {"mimeType", "mime_type"}) {
      for (const bool type_first : {false, true}) {
        const std::string type = "\"" + std::string(key) + "\":\"" + std::string(one.type) + "\"";
        const std::string data = "\"data\":\"" + std::string(10'000, 'Q') + "\"";
        const TextCounts counts = counts_of("[{\"inlineData\":{" + (type_first ? type : data) +
                                            "," + (type_first ? data : type) + "}}]");
        EXPECT_EQ(counts.images, 1U) << one.type;
        EXPECT_EQ(counts.documents, one.documents) << one.type;
        EXPECT_EQ(counts.audios, one.audios) << one.type;
        EXPECT_EQ(counts.media_strings, 1U) << one.type;
      }
    }
  }
  // Such words elsewhere are none.
  EXPECT_EQ(counts_of(R"([{"text":"applications"},{"mimeType":7},"audio/"])").documents, 0U);
}

TEST(TextScan, KnowsWhatIsAnnouncedWhateverStandsBetween) {
  for (const std::string blank : {"", " ", "\n", "\t", "\r\n  ", "\n\t\n"}) {
    const std::string colon = blank + ":" + blank;
    for (unsigned offset = 0; offset < 64; ++offset) {
      const std::string json = "{" + std::string(offset, ' ') + "\"type\"" + colon +
                               R"("image_url","x")" + colon + R"({"type")" + colon +
                               R"("input_audio"}})";
      EXPECT_EQ(counts_of(json).images, 1U) << json;
      EXPECT_EQ(counts_of(json).audios, 1U) << json;
    }
  }
}

// A prompt may be given as tokens: each number is one.
TEST(TextScan, CountsTheDigitsOfNumbersInArrays) {
  EXPECT_EQ(counts_of(R"({"max_tokens":123,"temperature":0.5,"seed":-77})").bare_bytes, 0U);
  EXPECT_EQ(counts_of(R"({"input":"x","prompt":[1,22, 333 ,[4444,
55555]]})")
                .bare_bytes,
            15U);
  std::string json = "[";
  for (int i = 0; i < 1000; ++i)
    json += "10234, ";
  json += "7]";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{13}, std::size_t{64}, json.size()}) {
    TextScan scan;
    for (std::size_t at = 0; at < json.size(); at += piece)
      scan.feed(std::string_view(json).substr(at, piece));
    EXPECT_EQ(scan.counts().bare_bytes, 5001U) << piece;
  }
}

TEST(TextScan, CountsAllThatStandsInWhatIsFreeOfForm) {
  const std::string brackets = std::string(2'000, '[') + std::string(2'000, ']');
  EXPECT_EQ(counts_of("[" + brackets + "]").bare_bytes, 0U);
  EXPECT_EQ(counts_of("{\"input\":" + brackets + "}").bare_bytes, 4'000U);
  EXPECT_EQ(counts_of(R"({"args":{"a":true, "b":1.5}})").bare_bytes, 12U);
}

// What a provider reads as a type may be written with escapes.
TEST(TextScan, CountsLettersThatAreHidden) {
  for (unsigned offset = 0; offset < 64; ++offset) {
    const std::string json =
        "[" + std::string(offset, ' ') +
        R"({"type":"imag\u0065_url"},{"type":"\u005Fx \u00e9\u0060\u0027\u003c"}])";
    for (const std::size_t piece : {json.size(), std::size_t{5}}) {
      TextScan scan;
      for (std::size_t at = 0; at < json.size(); at += piece)
        scan.feed(std::string_view(json).substr(at, piece));
      EXPECT_EQ(scan.counts().hidden, 2U) << json;
      EXPECT_EQ(scan.counts().code_points, 6U) << json;
    }
  }
}

TEST(TextScan, KnowsWhatTheLastStringAnnounces) {
  EXPECT_EQ(counts_of(R"({"tools":[{"type":"mcp"}]})").searches, 1U);
  EXPECT_EQ(counts_of(R"({"a":{"type":"image"}})").images, 1U);
  EXPECT_EQ(counts_of(R"(["role"])").messages, 1U);
}

TEST(TextScan, TakesLongBase64ForMediaWhereAStringMayBeMedia) {
  const std::string base64(10'000, 'Q');
  const auto in_key = [&](std::string_view key) {
    return counts_of("{\"type\":\"image_url\",\"" + std::string(key) +
                     "\":\"data:image/png;base64," + base64 + "\"}");
  };
  const TextCounts media = in_key("url");
  EXPECT_EQ(media.media_strings, 1U);
  EXPECT_GT(media.media_bytes, 9'000U);
  EXPECT_LT(media.text_bytes, 300U);
  const TextCounts text = in_key("text");
  EXPECT_EQ(text.media_strings, 0U);
  EXPECT_GT(text.text_bytes, 10'000U);

  TextScan tools;
  tools.allow_media(false);
  tools.feed("{\"data\":\"" + base64 + "\"}");
  EXPECT_EQ(tools.counts().media_strings, 0U);
  // Too short to be sure of.
  EXPECT_EQ(counts_of("{\"url\":\"" + std::string(300, 'Q') + "\"}").media_strings, 0U);
}

// What a tool was called with, and answered, is text, whatever it calls itself.
TEST(TextScan, TakesNothingInWhatToolsAreGivenForMedia) {
  const std::string part = R"({"type":"image","data":")" + std::string(10'000, 'Q') + R"("})";
  for (const std::string_view key : {R"("input":)", R"("args" : )", R"("arguments":)",
                                     R"("response":)", R"("\u0069nput":)", R"("\"x":)"}) {
    // Wherever the blocks of the scan begin, and in whatever pieces it is fed.
    for (unsigned offset = 0; offset < 64; ++offset) {
      const std::string json = std::string(offset, ' ') +
                               R"([{"role":"a","content":[{"type":"tool_use",)" + std::string(key) +
                               R"({"a":[)" + part + R"(,{"role":"b"}],"c":1}},)" + part + "]}]";
      for (const std::size_t piece : {json.size(), std::size_t{7}, std::size_t{640}}) {
        TextScan scan;
        for (std::size_t at = 0; at < json.size(); at += piece)
          scan.feed(std::string_view(json).substr(at, piece));
        const TextCounts counts = scan.counts();
        ASSERT_EQ(counts.media_strings, piece < 64 ? 0U : 1U) << key << offset << ", " << piece;
        ASSERT_EQ(counts.images, 1U) << key << offset << ", " << piece;
        ASSERT_EQ(counts.messages, 1U) << key << offset << ", " << piece;
        ASSERT_GE(counts.text_bytes, 10'000U) << key << offset << ", " << piece;
      }
    }
  }
  // Where there is a string or a number instead, nothing changes.
  const TextCounts plain = counts_of(R"([{"input":"x"},{"args":7},)" + part + "]");
  EXPECT_EQ(plain.media_strings, 1U);
  EXPECT_EQ(plain.images, 1U);
}

// Slowly and obviously, for texts of a few classes.
TextCounts by_hand(const std::string& text) {
  TextCounts counts;
  const auto letter = [&](std::size_t at) {
    return at < text.size() &&
           (std::isalpha(static_cast<unsigned char>(text[at])) != 0 || (text[at] & 0x80) != 0);
  };
  const auto digit = [&](std::size_t at) {
    return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
  };
  const auto space = [&](std::size_t at) { return at < text.size() && text[at] == ' '; };
  const auto mark = [&](std::size_t at) {
    return at < text.size() && !letter(at) && !digit(at) && !space(at);
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t before = i - 1;  // of the first: beyond the end
    counts.words += letter(i) && !letter(before);
    counts.letters_past_4 +=
        letter(i) && letter(i - 1) && letter(i - 2) && letter(i - 3) && letter(i - 4);
    counts.capitals += text[i] >= 'A' && text[i] <= 'Z' && !letter(before);
    counts.digit_runs += digit(i) && !digit(before);
    counts.digits_past_3 += digit(i) && digit(i - 1) && digit(i - 2) && digit(i - 3);
    counts.spaced_digits += digit(i) && space(before);
    counts.marks += mark(i);
    counts.mark_runs += mark(i) && !mark(before);
    counts.wide_gaps += space(i) && space(before) && !space(i - 2);
    counts.high_bytes += (text[i] & 0x80) != 0;
  }
  counts.text_bytes = text.size();
  return counts;
}

TEST(TextScan, IsRightForRandomTextInRandomPieces) {
  std::mt19937 random(3);
  constexpr std::string_view kAlphabet = "aaaabcdeXYZ0123    ..,-(\xc3\xbc";
  for (int round = 0; round < 500; ++round) {
    std::string text;
    const std::size_t size = random() % 400;
    while (text.size() < size)
      text += kAlphabet[random() % kAlphabet.size()];
    const std::string json = "[\"" + text + "\"]";
    TextScan scan;
    for (std::size_t at = 0; at < json.size();) {
      const std::size_t piece = std::min<std::size_t>(1 + random() % 130, json.size() - at);
      scan.feed(std::string_view(json).substr(at, piece));
      at += piece;
    }
    const TextCounts counts = scan.counts();
    const TextCounts wanted = by_hand(text);
    EXPECT_EQ(counts.words, wanted.words) << text;
    EXPECT_EQ(counts.letters_past_4, wanted.letters_past_4) << text;
    EXPECT_EQ(counts.capitals, wanted.capitals) << text;
    EXPECT_EQ(counts.digit_runs, wanted.digit_runs) << text;
    EXPECT_EQ(counts.digits_past_3, wanted.digits_past_3) << text;
    EXPECT_EQ(counts.spaced_digits, wanted.spaced_digits) << text;
    EXPECT_EQ(counts.marks, wanted.marks) << text;
    EXPECT_EQ(counts.mark_runs, wanted.mark_runs) << text;
    EXPECT_EQ(counts.wide_gaps, wanted.wide_gaps) << text;
    EXPECT_EQ(counts.high_bytes, wanted.high_bytes) << text;
    EXPECT_EQ(counts.text_bytes, wanted.text_bytes) << text;
  }
}

TEST(TextScan, EscapesMayBeCutAnywhere) {
  const std::string json = R"(["one\ntwo \"x\" \\ f\u00fcnf \u00e4\n\n"])";
  const TextCounts whole = counts_of(json);
  for (std::size_t cut = 1; cut < json.size(); ++cut) {
    TextScan scan;
    scan.feed(std::string_view(json).substr(0, cut));
    scan.feed(std::string_view(json).substr(cut));
    const TextCounts counts = scan.counts();
    EXPECT_EQ(counts.line_ends, whole.line_ends) << cut;
    EXPECT_EQ(counts.code_points, whole.code_points) << cut;
    EXPECT_EQ(counts.digit_runs, whole.digit_runs) << cut;
    EXPECT_EQ(counts.text_bytes, whole.text_bytes) << cut;
  }
}

TEST(TextScan, LooksAtABoundedAmountAndCountsTheRest) {
  std::string json = "\"";
  while (json.size() < 4 * kTextScanBytesMax)
    json += "four words are here ";
  json += "\"";
  const TextCounts counts = counts_of(json);
  const double words = static_cast<double>(json.size()) / 20 * 4;
  EXPECT_NEAR(counts.words, words, words / 100);
  EXPECT_GE(counts.text_bytes, json.size() - 2);
}

}  // namespace
}  // namespace headrace::policy

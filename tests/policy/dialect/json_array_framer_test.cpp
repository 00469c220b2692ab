#include "policy/dialect/json_array_framer.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

constexpr std::size_t kSliceSizes[] = {1, 2, 3, 7, 1 << 20};

struct Framed {
  std::vector<std::string> elements;
  std::string open;               // of an element that has not ended
  std::vector<std::size_t> ends;  // in the text, behind each element and the array
  JsonArrayFramer framer;
};

Framed framed(std::string_view text, std::size_t slice_bytes) {
  Framed all;
  for (std::size_t at = 0; at < text.size(); at += slice_bytes) {
    all.framer.feed(text.substr(at, slice_bytes));
    for (;;) {
      const SseToken token = all.framer.next();
      if (token.kind == SseToken::Kind::more) break;
      if (token.kind == SseToken::Kind::data) {
        EXPECT_FALSE(token.value.empty());
        all.open += token.value;
      }
      if (token.kind != SseToken::Kind::event_end) continue;
      EXPECT_TRUE(all.framer.between_elements());
      all.ends.push_back(at + token.end);
      if (!all.framer.closed()) all.elements.push_back(std::exchange(all.open, {}));
    }
  }
  return all;
}

TEST(JsonArrayFramer, CutsAnArrayIntoItsElementsWhateverTheSlices) {
  struct Case {
    std::string text;
    std::vector<std::string> elements;
  };
  const Case cases[] = {
      {R"([{"a":1},{"b":[{}]}])", {R"({"a":1})", R"({"b":[{}]})"}},
      {" [\r\n{\"a\":\"}],\\\"{[\"}\n,\r\n{}\n]\n", {"{\"a\":\"}],\\\"{[\"}", "{}"}},
      {R"([{"a":"\\"},{"b":"\\\""}])", {R"({"a":"\\"})", R"({"b":"\\\""})"}},
      {"[1,\"a,]\",[2,3], null ]", {"1", "\"a,]\"", "[2,3]", "null "}},
      {"[]", {}},
      {"[{}]trailing ] { is nobody's", {"{}"}},
  };
  for (const Case& each : cases) {
    for (const std::size_t bytes : kSliceSizes) {
      const Framed all = framed(each.text, bytes);
      EXPECT_EQ(all.elements, each.elements) << each.text << " by " << bytes;
      EXPECT_TRUE(all.framer.closed()) << each.text;
      EXPECT_TRUE(all.framer.between_elements()) << each.text;
      EXPECT_EQ(all.framer.elements(), each.elements.size());
      EXPECT_EQ(all.open, "");
    }
  }
}

TEST(JsonArrayFramer, AnElementEndsWithItsOwnLastByte) {
  const Framed all = framed("[{\"a\":1},\r\n{}]", 1 << 20);
  EXPECT_EQ(all.ends, (std::vector<std::size_t>{8, 13, 14}));
}

TEST(JsonArrayFramer, KnowsWhereAnotherElementMayFollow) {
  struct Case {
    std::string_view text;
    bool between;
    std::uint64_t elements;
  };
  for (const Case& each : {Case{"", true, 0}, Case{"[", false, 0}, Case{"[{\"a\"", false, 0},
                           Case{"[{}", true, 1}, Case{"[{},", false, 1}, Case{"[{}\n", false, 1},
                           Case{"[{},{}", true, 2}, Case{"[12", false, 0}}) {
    const Framed all = framed(each.text, 1);
    EXPECT_EQ(all.framer.between_elements(), each.between) << each.text;
    EXPECT_EQ(all.framer.elements(), each.elements) << each.text;
    EXPECT_FALSE(all.framer.closed()) << each.text;
  }
}

TEST(JsonArrayFramer, ATextThatIsNoArrayIsOneElementWithoutAnEnd) {
  for (const std::string text : {"{\"a\":[1,2]}", "  \"[\"", "]", "x[{}]"}) {
    for (const std::size_t bytes : kSliceSizes) {
      const Framed all = framed(text, bytes);
      EXPECT_TRUE(all.framer.no_array()) << text;
      EXPECT_FALSE(all.framer.between_elements());
      EXPECT_EQ(all.open, text.substr(text.find_first_not_of(' ')));
    }
  }
}

TEST(JsonArrayFramer, ComesToAnEndOnWhatIsNoJson) {
  for (const std::string text : {"[}}},{}]", "[,,,", "[{]", "[\"", "[:{}]", "[{}{}]"}) {
    for (const std::size_t bytes : kSliceSizes)
      static_cast<void>(framed(text, bytes));
  }
}

}  // namespace
}  // namespace headrace::policy

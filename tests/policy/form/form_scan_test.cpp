#include "policy/form/form_scan.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

using Verdict = FormScan::Verdict;
using std::string_literals::operator""s;

struct Judged {
  Verdict verdict = Verdict::good;
  std::uint64_t at = 0;
};

Judged judge_in(const std::string& body, std::size_t slice_bytes) {
  const auto scan = std::make_unique<FormScan>();
  scan->start("b");
  for (std::size_t at = 0; at < body.size(); at += slice_bytes) {
    const auto slice = std::string_view(body).substr(at, slice_bytes);
    const Verdict verdict = scan->take(std::as_bytes(std::span(slice)));
    if (verdict != Verdict::good) return {verdict, scan->at()};
  }
  return {scan->finish(), scan->at()};
}

// The same however it arrives.
Judged judge(const std::string& body) {
  const Judged whole = judge_in(body, body.size() + 1);
  for (const std::size_t slice_bytes : {1U, 2U, 7U}) {
    const Judged cut = judge_in(body, slice_bytes);
    EXPECT_EQ(cut.verdict, whole.verdict) << body;
    if (whole.verdict == Verdict::named) {
      EXPECT_EQ(cut.at, whole.at) << body;
    }
  }
  return whole;
}

std::string part(std::string_view name, std::string_view content, std::string_view more = {}) {
  std::string text = "--b\r\nContent-Disposition: form-data; name=\"";
  text.append(name).append("\"").append(more).append("\r\n\r\n").append(content).append("\r\n");
  return text;
}

std::string form(std::string_view name, std::string_view content, std::string_view more = {}) {
  return part("model", "m") + part(name, content, more) + "--b--\r\n";
}

const std::string kFile = "; filename=\"a.png\"\r\nContent-Type: image/png";

TEST(FormScan, FindsWhatAFieldNames) {
  for (const auto& [name, content] : std::vector<std::pair<std::string, std::string>>{
           {"file_id", "hit"},
           {"images[0][file_id]", "hit"},
           {"images[][file_id]", "hit"},
           {"input_reference[file_id]", "hit"},
           {"input_reference.file_id", "hit"},
           {"voice[id]", "hit"},
           {"vector_store_ids[]", "hit"},
           {"fileUri", "files/a"},
           {"store", "true"},
           {"store", "1"},
           {"container", "hit"},
           {"input[0][id]", "hit"},
           {"session", R"({"type":"realtime","prompt":{"id":"hit"}})"},
           {"images", R"( [ {"file_id":"hit"}])"},
           {"images", R"([{},{"file_id":"hit"}])"},
           {"images", R"([null, ["a", {"file_id":"hit"}]])"},
           {"json", R"({"file_id":"hit"})"},
           {"arguments", R"({"file_id":"hit"})"},
           {"store", "T"},
           {"store", "y"},
           {"prompt", R"({"id":"hit"})"},
           {"a", R"({"b":[{"file_\u0069d":"hit"}]})"},
           {"images[0]", R"({"file_id":"hit"})"},
       }) {
    const std::string body = form(name, content);
    const Judged judged = judge(body);
    EXPECT_EQ(judged.verdict, Verdict::named) << body;
    EXPECT_EQ(judged.at, body.rfind("\r\n\r\n") + 4) << body;
    // Whether the field came as a file or not.
    EXPECT_EQ(judge(form(name, content, kFile)).verdict, Verdict::named) << body;
  }
}

TEST(FormScan, LetsTextsAndFilesPass) {
  for (const auto& [name, content] : std::vector<std::pair<std::string, std::string>>{
           {"model", "gpt-image-1"},
           {"prompt", "A cat named file_id, {sitting} on [a mat]"},
           {"prompt", "{a}"},
           {"prompt", "[1, 2"},
           {"prompt", "[[wiki]]"},
           {"prompt", "[a] cat {sitting}"},
           {"prompt", R"([{},{"style":"oil"}])"},
           {"store", "No"},
           {"prompt", ""},
           {"prompt", R"({"style":"oil","subject":"cat"})"},
           {"background", "transparent"},
           {"stream", "true"},
           {"store", "false"},
           {"file_id", ""},
           {"fileUri", "https://example.test/a.png"},
           {"metadata[file_id]", "x"},
           {"known_speaker_references[]", "data:audio/wav;base64,AAAA"},
           {"timestamp_granularities[]", "word"},
           {"chunking_strategy", R"({"type":"server_vad"})"},
           {"prompt", "--b and -- b"},
           {"prompt", "\r\n--\r\n-\r\n--a\r\n"},
           {"prompt", std::string(200'000, 'x')},
           {"prompt", "\"\\\n\xFF"},
       }) {
    const std::string body = form(name, content);
    const bool has_boundary = content.starts_with("--b");
    EXPECT_EQ(judge(body).verdict, has_boundary ? Verdict::unreadable : Verdict::good) << name;
  }
  std::string bytes;
  for (int i = 0; i < 100'000; ++i)
    bytes += static_cast<char>(i * 31 >> 3);
  bytes.erase(std::remove(bytes.begin(), bytes.end(), '-'), bytes.end());
  EXPECT_EQ(judge(form("image", bytes, kFile)).verdict, Verdict::good);
  EXPECT_EQ(judge(form("image", "", kFile)).verdict, Verdict::good);
}

TEST(FormScan, JudgesWhatComesBeforeAFileAndBehindIt) {
  const std::string file = part("image", std::string(100'000, 'x'), kFile);
  EXPECT_EQ(judge(part("file_id", "hit") + file + "--b--").verdict, Verdict::named);
  EXPECT_EQ(judge(file + part("file_id", "hit") + "--b--").verdict, Verdict::named);
  EXPECT_EQ(judge(file + part("model", "m") + "--b--").verdict, Verdict::good);
}

TEST(FormScan, ReadsNoFormThatOthersMayReadOtherwise) {
  const std::string good = form("a", "x");
  ASSERT_EQ(judge(good).verdict, Verdict::good);
  ASSERT_EQ(judge(good.substr(0, good.size() - 2)).verdict, Verdict::good);
  ASSERT_EQ(judge(good + "\r\n").verdict, Verdict::good);
  for (std::size_t size = 0; size + 2 < good.size(); ++size)
    EXPECT_EQ(judge(good.substr(0, size)).verdict, Verdict::unreadable) << size;
  EXPECT_EQ(judge(good.substr(0, good.size() - 1)).verdict, Verdict::unreadable);
  const std::string hidden = "\n--b\nContent-Disposition: form-data; name=\"file_id\"\n\nx";
  for (const std::string& body : {
           "\r\n" + good,
           "words\r\n" + good,
           good + "words",
           good + "\r",
           good + "\n",
           "--b--\r\n"s,
           "--b \r\n" + good.substr(5),
           "--b\n" + good.substr(5),
           "--bc\r\n" + good.substr(5),
           form("a", hidden),
           form("a", hidden, kFile),
           form("a", "x\r--b\r\nx", kFile),
           form("a", "x--b--", kFile),
           form("a", "x\r\n--bc", kFile),
           form("a", "x", "\nContent-Type: text/plain"),
           form("a", "x", "\r\n folded"),
           form("a", "x", "\r\nX: " + std::string(2'000, 'x')),
           form("a]", "x"),
           form("[a]", "x"),
           form("a[b", "x"),
           form("a[b]c", "x"),
           form("0", "x"),
           form("a[1][1][1][1][1][1][1][1]", "x"),
           form("File_ID", "x"),
           form(" file_id", "x"),
           form("file_id ", "x"),
           form("a[ file_id ]", "x"),
           form("a", R"({"file_id":NaN})"),
           form("a", R"({"a": sloppy)"),
           form("a", R"([{"a")"),
           form("a",
                "{\0\"\0a\0\"\0:\0"
                "1\0}\0"s),
           form("a", "{\"a\":\"" + std::string(100'000, 'x') + "\"}"),
           form("a", std::string(100'000, ' ') + R"({"file_id":"x"})"),
           form("a", "[{}," + std::string(100'000, ' ') + R"({"file_id":"x"}])"),
           "--b\r\n\r\nx\r\n--b--"s,
           "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n--b--"s,
           "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n--b--"s,
       }) {
    EXPECT_EQ(judge(body).verdict, Verdict::unreadable) << body.substr(0, 200);
  }
  std::string many;
  for (std::uint32_t i = 0; i <= kPartsMax; ++i)
    many += part("a", "x");
  EXPECT_EQ(judge_in(many + "--b--", 4'096).verdict, Verdict::unreadable);
}

}  // namespace
}  // namespace headrace::policy

// Starts the real headrace-mock and speaks to it over sockets.
#include <chrono>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "tests/core/holds_once.h"
#include "tests/core/temporary_folder.h"
#include "tests/tools/mock/answers.h"
#include "tests/tools/process.h"
#include "tests/tools/raw_client.h"

namespace headrace::tools::mock {
namespace {

using nlohmann::json;
using test::Process;
using test::RawClient;
using test::RawEnd;
using test::RawResponse;

constexpr std::string_view kChat = "/v1/chat/completions";
constexpr std::string_view kPlain = R"({"model":"m","messages":[]})";
constexpr std::string_view kStream = R"({"model":"m","messages":[],"stream":true,"max_tokens":8})";

class MockProgram : public testing::Test {
 protected:
  void start(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), {"--listen", "127.0.0.1:0", "--fixed-time", "1700000000"});
    process_ = std::make_unique<Process>(HEADRACE_MOCK_PROGRAM, arguments);
    ready_ = json::parse(process_->read_line(), nullptr, false);
    ASSERT_TRUE(ready_.is_object()) << "the program did not come up";
    ASSERT_EQ(ready_.at("ready"), true);
  }
  void TearDown() override {
    if (process_ == nullptr) return;
    process_->signal(SIGTERM);
    EXPECT_EQ(process_->wait(), 0) << "it must end cleanly";
  }

  [[nodiscard]] std::string address() const { return ready_.at("listen"); }
  [[nodiscard]] json admin(std::string_view path) const {
    return RawClient(ready_.at("admin")).get(path).json();
  }
  // Waits until a number in /mock/served has come: answers are counted when they are sent.
  [[nodiscard]] json served_when(const std::function<bool(const json&)>& fits) const {
    json served;
    for (int i = 0; i < 6000; ++i) {
      served = admin("/mock/served");
      if (fits(served)) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return served;
  }

  std::unique_ptr<Process> process_;
  json ready_;
};

TEST_F(MockProgram, AnswersOnOneConnectionAgainAndAgainTheSame) {
  start();
  RawClient client(address());
  const RawResponse first = client.post(kChat, kPlain);
  const RawResponse second = client.post(kChat, kPlain);
  EXPECT_EQ(first.status, 200);
  EXPECT_TRUE(first.complete);
  EXPECT_EQ(first.body, second.body);
  const RawResponse stream = client.post(kChat, kStream);
  EXPECT_EQ(stream.field("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(sse_events(stream.body).back().data, "[DONE]");
  EXPECT_EQ(client.get("/v1/models").json().at("object"), "list");
  EXPECT_EQ(client.end(), RawEnd::none);
}

TEST_F(MockProgram, IsTheSameBytesForTheSameSeed) {
  start({"--seed", "5"});
  const RawResponse one = RawClient(address()).post(kChat, kStream);
  TearDown();
  start({"--seed", "5"});
  EXPECT_EQ(RawClient(address()).post(kChat, kStream).body, one.body);
  TearDown();
  start({"--seed", "6"});
  EXPECT_NE(RawClient(address()).post(kChat, kStream).body, one.body);
}

TEST_F(MockProgram, TakesARequestByteByByteAndSeveralAtOnce) {
  start();
  RawClient slow(address());
  const std::string request =
      "POST /v1/messages HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
      "\r\n14\r\n{\"model\":\"m\",\"max_to\r\n1B;x=y\r\n"
      "kens\":5,\"messages\":[1,2,3]}\r\n0\r\nX-Trailer: 1\r\n\r\n";
  for (const char c : request)
    slow.send(std::string_view(&c, 1));
  EXPECT_EQ(slow.receive().json().at("usage").at("output_tokens"), 5);

  RawClient pipelining(address());
  std::string several;
  for (int i = 0; i < 20; ++i)
    several += "GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n";
  pipelining.send(several);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(pipelining.receive().status, 200) << i;
}

TEST_F(MockProgram, RefusesWhatAGatewayMustNeverSend) {
  start();
  RawClient client(address());
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.receive().status, 400);
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_EQ(client.end(), RawEnd::closed);
  EXPECT_EQ(admin("/mock/served").at("malformed_requests"), 1);
}

TEST_F(MockProgram, CountsByRequestIdEndpointAndCredential) {
  start({"--require-key", "sk-right"});
  RawClient client(address());
  constexpr std::string_view kKey = "Authorization: Bearer sk-right\r\nX-Request-Id: a\r\n";
  const RawResponse answer = client.post(kChat, kPlain, kKey);
  (void)client.post(kChat, kStream, kKey);
  EXPECT_EQ(client.post(kChat, kPlain).status, 401);
  EXPECT_EQ(client.post(kChat, kPlain, "Authorization: Bearer sk-wrong\r\n").status, 401);
  EXPECT_EQ(client.post("/v1/messages", kPlain, "x-api-key: sk-right\r\n").status, 400);
  (void)client.post(kChat, kPlain, "Authorization: Bearer sk-right\r\nx-api-key: b\r\n");
  const json served = served_when([](const json& j) { return j.at("total").at("completed") == 6; });
  EXPECT_EQ(served.at("requests_by_credentials"), json::parse(R"({"none":1,"one":4,"several":1})"));
  EXPECT_EQ(served.at("credentials").at("bearer sk-right"), 3);
  EXPECT_EQ(served.at("credentials").at("x-api-key b"), 1);
  EXPECT_EQ(served.at("connections").at("requests_on_reused"), 5);
  const json& by_id = served.at("request_ids").at("a");
  EXPECT_EQ(by_id.at("requests"), 2);
  EXPECT_EQ(by_id.at("completed"), 2);
  EXPECT_EQ(by_id.at("usage").at("output_tokens"), 64 + 8);
  const json& chat = served.at("endpoints").at("openai.chat");
  EXPECT_EQ(chat.at("requests"), 5);
  EXPECT_EQ(chat.at("refused"), 2);
  EXPECT_EQ(chat.at("streamed"), 1);
  EXPECT_EQ(chat.at("usage").at("output_tokens"), 64 + 8 + 64);
  EXPECT_EQ(answer.json().at("usage").at("completion_tokens"), 64);
}

TEST_F(MockProgram, ShowsTheLastRequestsAndForgetsThem) {
  start();
  RawClient client(address());
  (void)client.post(kChat, kPlain, "X-Request-Id: one\r\n");
  (void)client.post(kChat, "{\"model\":\"\xff\"}", "X-Request-Id: two\r\n");
  const json last = admin("/mock/last?n=10").at("requests");
  ASSERT_EQ(last.size(), 2U);
  EXPECT_EQ(last[0].at("request_id"), "two");
  EXPECT_TRUE(last[0].contains("body_base64"));
  EXPECT_EQ(last[1].at("body"), kPlain);
  EXPECT_NE(last[1].at("head").get<std::string>().find("X-Request-Id: one\r\n"), std::string::npos);
  EXPECT_EQ(admin("/mock/last?id=one").at("requests").at(0).at("request_id"), "one");
  (void)RawClient(address()).post("/mock/reset", "");
  EXPECT_TRUE(admin("/mock/last?n=10").at("requests").empty());
  EXPECT_EQ(admin("/mock/served").at("requests"), 0);
}

TEST_F(MockProgram, SettingsChangeByRequestAndOnTheRun) {
  start({"--status", "503"});
  RawClient client(address());
  EXPECT_EQ(client.post(kChat, kPlain).status, 503);
  EXPECT_EQ(client.post(kChat, kPlain, "X-Mock-Status: 200\r\n").status, 200);
  EXPECT_EQ(client.post(kChat, kPlain, "x-mock-error: insufficient_quota\r\nx-mock-status: 200\r\n")
                .json()["error"]["code"],
            "insufficient_quota");
  const RawResponse wrong = client.post(kChat, kPlain, "x-mock-no-such: 1\r\n");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(wrong.body.find("no-such"), std::string::npos);
  EXPECT_EQ(client.post("/mock/behaviour", R"({"status":200,"answer-tokens":3})").status, 200);
  EXPECT_EQ(client.post(kChat, kPlain).json()["usage"]["completion_tokens"], 3);
  EXPECT_EQ(client.post("/mock/behaviour", R"({"status":99})").status, 400);
  client.send("DELETE /mock/behaviour HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(client.post(kChat, kPlain).status, 503);
}

TEST_F(MockProgram, FailsTheFirstTriesOfARequestId) {
  start({"--status", "503", "--fail-first", "2", "--retry-after", "ms:1500"});
  RawClient client(address());
  const RawResponse first = client.post(kChat, kPlain, "x-request-id: r\r\n");
  EXPECT_EQ(first.status, 503);
  EXPECT_EQ(first.field("retry-after-ms"), "1500");
  EXPECT_EQ(client.post(kChat, kPlain, "x-request-id: r\r\n").status, 503);
  EXPECT_EQ(client.post(kChat, kPlain, "x-request-id: r\r\n").status, 200);
  EXPECT_EQ(client.post(kChat, kPlain, "x-request-id: s\r\n").status, 503);
}

TEST_F(MockProgram, ErrorRateIsAShareAndDrawnBySeed) {
  start({"--status", "500", "--error-rate", "0.3", "--answer-tokens", "1"});
  RawClient client(address());
  int failed = 0;
  for (int i = 0; i < 400; ++i)
    failed += client.post(kChat, kPlain).status == 500 ? 1 : 0;
  EXPECT_NEAR(failed, 120, 45);
}

TEST_F(MockProgram, BreaksWhereItIsToldTo) {
  start();
  struct Case {
    std::string_view setting;
    std::size_t events;  // complete ones received
    RawEnd end;
  };
  std::size_t breaks = 0;
  for (const Case& expected : {Case{"x-mock-reset-at-event: 3", 3, RawEnd::reset},
                               Case{"x-mock-close-at-event: 2", 2, RawEnd::closed},
                               Case{"x-mock-stall-at-event: 4", 4, RawEnd::timed_out},
                               Case{"x-mock-reset-at-byte: 0", 0, RawEnd::reset},
                               Case{"x-mock-close-at-byte: 0", 0, RawEnd::closed},
                               Case{"x-mock-stall-at-byte: 0", 0, RawEnd::timed_out}}) {
    // Silence may also be that of a machine that stands still.
    const bool stalls = expected.end == RawEnd::timed_out;
    EXPECT_TRUE(core::holds_once(
        [&] {
          ++breaks;
          RawClient client(address());
          client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n" +
                      std::string(expected.setting) + "\r\nContent-Length: " +
                      std::to_string(kStream.size()) + "\r\n\r\n" + std::string(kStream));
          const RawResponse response = client.receive(stalls ? 300 : test::kPatienceMs);
          EXPECT_FALSE(response.complete) << expected.setting;
          EXPECT_EQ(client.end(), expected.end) << expected.setting;
          return response.status == 200 && sse_events(response.body).size() == expected.events;
        },
        stalls ? 20 : 1))
        << expected.setting;
  }
  RawClient client(address());
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nx-mock-reset-in-head: 20\r\n"
      "Content-Length: " +
      std::to_string(kPlain.size()) + "\r\n\r\n" + std::string(kPlain));
  EXPECT_EQ(client.receive_all().size(), 20U);
  EXPECT_EQ(client.end(), RawEnd::reset);
  ++breaks;
  const json served =
      served_when([&](const json& j) { return j.at("total").at("aborted") == breaks; });
  EXPECT_EQ(served.at("total").at("aborted"), breaks);
  for (const json& aborted : served.at("aborts"))
    EXPECT_EQ(aborted.at("by_peer"), false);
}

TEST_F(MockProgram, NoticesAtOnceThatTheOtherSideLeft) {
  start({"--gap", "20ms", "--answer-tokens", "500"});
  constexpr std::string_view kEndless = R"({"model":"m","messages":[],"stream":true})";
  EXPECT_TRUE(core::holds_once([&] {
    (void)RawClient(address()).post("/mock/reset", "");
    RawClient client(address());
    client.send(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nx-request-id: gone\r\n"
        "Content-Length: " +
        std::to_string(kEndless.size()) + "\r\n\r\n" + std::string(kEndless));
    (void)client.receive_at_least(4000);
    const auto left_at = std::chrono::system_clock::now();
    client.close();
    const json served = served_when([](const json& j) { return j.at("total").at("aborted") == 1; });
    if (served.at("aborts").size() != 1) return false;
    const json& aborted = served.at("aborts").at(0);
    EXPECT_EQ(aborted.at("request_id"), "gone");
    EXPECT_EQ(aborted.at("by_peer"), true);
    EXPECT_GT(aborted.at("events_sent"), 5);
    const json& partial = served.at("request_ids").at("gone").at("usage_of_aborted");
    EXPECT_GT(partial.at("output_tokens"), 5);
    const std::chrono::nanoseconds left = left_at.time_since_epoch();
    return aborted.at("events_sent") < 100 &&
           aborted.at("at_unix_nanos").get<std::int64_t>() - left.count() < 1'000'000'000;
  }));
}

TEST_F(MockProgram, TimesItsAnswers) {
  start();
  RawClient client(address());
  const auto begin = std::chrono::steady_clock::now();
  const RawResponse answer = client.post(kChat, kPlain,
                                         "x-mock-latency: 60ms\r\nx-mock-answer-tokens: 10\r\n"
                                         "x-mock-tokens-per-second: 200\r\n");
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(answer.status, 200);
  EXPECT_GE(took, std::chrono::milliseconds(110));  // 60 ms and 10 tokens of 5 ms
}

TEST_F(MockProgram, WritesInPiecesAndDrips) {
  start();
  RawClient client(address());
  const RawResponse whole = client.post(kChat, kPlain);
  constexpr std::string_view kChunkedInPieces =
      "x-mock-framing: chunked\r\nx-mock-split: 7\r\nx-mock-split-pause: 0\r\n";
  for (const std::string_view headers :
       {std::string_view("x-mock-split: 100\r\nx-mock-split-pause: 0\r\n"),
        std::string_view("x-mock-split-at: 30\r\n"), std::string_view("x-mock-drip: 20000\r\n"),
        kChunkedInPieces, std::string_view("x-mock-framing: close\r\n")}) {
    RawClient other(address());
    const RawResponse response = other.post(kChat, kPlain, headers);
    EXPECT_EQ(response.body, whole.body) << headers;
    EXPECT_TRUE(response.complete) << headers;
  }
}

TEST_F(MockProgram, FramesAndAddsAsTold) {
  start();
  RawClient extra(address());
  const RawResponse answer = extra.post(kChat, kPlain, "x-mock-extra-bytes: 16\r\n");
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(extra.receive_at_least(16).size(), 16U);
  EXPECT_EQ(extra.receive_all(100), "");

  RawClient interim(address());
  EXPECT_EQ(interim.post(kChat, kPlain, "x-mock-interim: 100,103\r\n").status, 100);
  EXPECT_EQ(interim.receive().status, 103);
  EXPECT_EQ(interim.receive().status, 200);
  EXPECT_EQ(interim.post(kChat, kPlain, "x-mock-header: X-One: 1\r\nx-mock-close: yes\r\n")
                .field("x-one"),
            "1");
  EXPECT_EQ(interim.receive_all(), "");
  EXPECT_EQ(interim.end(), RawEnd::closed);

  RawClient opaque(address());
  const RawResponse large = opaque.post("/anything", "x", "x-mock-body-bytes: 3000000\r\n");
  EXPECT_TRUE(large.complete);
  EXPECT_EQ(large.body.size(), 3'000'000U);
  const RawResponse chunked =
      opaque.post("/anything", "x", "x-mock-body-bytes: 3000000\r\nx-mock-framing: chunked\r\n");
  EXPECT_EQ(chunked.body, large.body);
}

TEST_F(MockProgram, KeepsHttp10ConnectionsWhereTheyAskForIt) {
  start();
  RawClient client(address());
  for (int i = 0; i < 2; ++i) {
    client.send("GET /v1/models HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(client.receive().field("connection"), "keep-alive");
  }
  client.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Length: " +
              std::to_string(kStream.size()) + "\r\n\r\n" + std::string(kStream));
  const RawResponse stream = client.receive();
  EXPECT_EQ(stream.field("transfer-encoding"), "");
  EXPECT_EQ(sse_events(stream.body).back().data, "[DONE]");
  EXPECT_EQ(client.end(), RawEnd::closed);
}

TEST_F(MockProgram, AnswersEarlyAndThenTakesTheBody) {
  start();
  RawClient client(address());
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nx-mock-early: yes\r\n"
      "x-mock-status: 413\r\nContent-Length: 10\r\n\r\n");
  EXPECT_EQ(client.receive().status, 413);
  client.send("0123456789");
  EXPECT_EQ(client.post(kChat, kPlain).status, 200);
}

TEST_F(MockProgram, HostileAnswersArriveAsWritten) {
  start();
  for (const HostileAnswer& answer : hostile_answers()) {
    if (answer.kind == Hostile::none) continue;
    std::string expected;
    put_hostile_answer(expected, answer.kind, R"({"hostile":true})");
    RawClient client(address());
    client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nx-mock-hostile: " +
                std::string(answer.name) + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(client.receive_all(), expected) << answer.name;
    EXPECT_EQ(client.end(), RawEnd::closed) << answer.name;
  }
}

TEST_F(MockProgram, SeveralShardsShareOnePort) {
  const core::TemporaryFolder folder;
  const std::string socket = "unix:" + folder.file("mock");
  start({"--shards", "3", "--listen", socket});
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(RawClient(address()).post(kChat, kPlain).status, 200);
  RawClient local(socket);
  EXPECT_EQ(local.post(kChat, kPlain).status, 200);
  const json served =
      served_when([](const json& j) { return j.at("total").at("completed") == 31; });
  EXPECT_EQ(served.at("total").at("completed"), 31);
}

TEST_F(MockProgram, ClosesIdleConnectionsAndReusedOnes) {
  start({"--idle-close", "50ms"});
  RawClient idle(address());
  EXPECT_EQ(idle.post(kChat, kPlain).status, 200);
  EXPECT_EQ(idle.receive_all(), "");
  EXPECT_EQ(idle.end(), RawEnd::closed);
  TearDown();
  start();  // or a pause between the two would be one idle for too long
  RawClient reused(address());
  EXPECT_EQ(reused.post(kChat, kPlain, "x-mock-reset-reused: yes\r\n").status, 200);
  EXPECT_EQ(reused.post(kChat, kPlain, "x-mock-reset-reused: yes\r\n").status, 0);
  EXPECT_EQ(reused.end(), RawEnd::reset);
}

TEST(MockProgramStart, SaysWhatIsWrong) {
  Process bad_setting(HEADRACE_MOCK_PROGRAM, {"--latency", "fast"});
  EXPECT_NE(bad_setting.wait(), 0);
  Process no_certificate(HEADRACE_MOCK_PROGRAM, {"--listen-tls", "127.0.0.1:0"});
  EXPECT_EQ(no_certificate.wait(), 1);
}

TEST(MockProgramStart, RefusesASeedThatCannotBeMeant) {
  for (const char* seed :
       {"-1", "-18446744073709551615", "x", "", "1.5", "1e3", "18446744073709551616"}) {
    Process process(HEADRACE_MOCK_PROGRAM, {"--listen", "127.0.0.1:0", "--seed", seed});
    const std::string line = process.read_line();
    EXPECT_EQ(line, "") << "it runs with --seed " << seed;
    if (!line.empty()) process.signal(SIGTERM);
    EXPECT_NE(process.wait(), 0) << seed;
  }
}

}  // namespace
}  // namespace headrace::tools::mock

// Starts the real headrace-load against the real headrace-mock.
#include <chrono>
#include <fstream>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <unistd.h>

#include "tests/core/holds_once.h"
#include "tests/core/temporary_folder.h"
#include "tests/net/tls/certificate_maker.h"
#include "tests/tools/process.h"
#include "tests/tools/raw_client.h"

namespace headrace::tools::load {
namespace {

using nlohmann::json;
using test::Process;
using test::RawClient;

class LoadProgram : public testing::Test {
 protected:
  void start_mock(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), {"--listen", "127.0.0.1:0"});
    mock_ = std::make_unique<Process>(HEADRACE_MOCK_PROGRAM, arguments);
    ready_ = json::parse(mock_->read_line(), nullptr, false);
    ASSERT_TRUE(ready_.is_object());
  }
  [[nodiscard]] std::string url() const {
    return "http://" + ready_.at("listen").get<std::string>();
  }
  [[nodiscard]] json served() const {
    return RawClient(ready_.at("listen")).get("/mock/served").json();
  }

  // Runs to the end; the report.
  json load(std::vector<std::string> arguments, int expected_status = 0) {
    arguments.insert(arguments.begin(), {"--quiet", "--json", "-", "--warm-up", "0"});
    Process process(HEADRACE_LOAD_PROGRAM, arguments);
    const std::string text = process.read_rest();
    EXPECT_EQ(process.wait(), expected_status) << text;
    json report = json::parse(text, nullptr, false);
    EXPECT_TRUE(report.is_object()) << text;
    return report;
  }
  static json first_step(const json& report) {
    return report.at("targets").at(0).at("steps").at(0);
  }

  core::TemporaryFolder folder_;
  std::unique_ptr<Process> mock_;
  json ready_;
};

TEST_F(LoadProgram, ClosedLoopCountsWhatTheServerServed) {
  start_mock();
  const json report =
      load({url(), "--connections", "8", "--requests", "1000", "--request-ids", "--api-key", "k"});
  const json step = first_step(report);
  EXPECT_EQ(step.at("succeeded"), 1000);
  EXPECT_EQ(step.at("failed"), 0);
  EXPECT_EQ(step.at("latency_us").at("count"), 1000);
  EXPECT_EQ(report.at("targets").at(0).at("connections_opened"), 8);
  const json counted = served();
  EXPECT_EQ(counted.at("total").at("completed"), 1000);
  EXPECT_EQ(counted.at("request_ids").size(), 1000U);
  EXPECT_EQ(counted.at("credentials").at("bearer k"), 1000);
  EXPECT_EQ(counted.at("connections").at("requests_on_reused"), 992);
}

TEST_F(LoadProgram, OpenLoopKeepsItsRate) {
  start_mock();
  const json report = load({url(), "--rate", "500,1500", "--duration", "400ms"});
  const json& steps = report.at("targets").at(0).at("steps");
  EXPECT_EQ(steps.at(0).at("completed"), 200);
  EXPECT_EQ(steps.at(1).at("completed"), 600);
  EXPECT_EQ(served().at("total").at("completed"), 800);
}

TEST_F(LoadProgram, OpenLoopShowsAStallInEverythingThatItHeldUp) {
  start_mock({"--latency", "100ms"});
  // One connection bears 10 requests a second; 40 are wanted: the last waits over a second.
  const json open =
      first_step(load({url(), "--rate", "40", "--duration", "500ms", "--connections", "1"}));
  EXPECT_EQ(open.at("completed"), 20);
  EXPECT_GE(open.at("latency_us").at("max").get<double>(), 1'400'000);
  EXPECT_GE(open.at("latency_us").at("p50").get<double>(), 700'000);
  EXPECT_LT(open.at("service_us").at("p50").get<double>(), 400'000);
}

TEST_F(LoadProgram, MeasuresStreamsByToken) {
  start_mock({"--latency", "50ms", "--gap", "10ms", "--answer-tokens", "11"});
  for (const std::string path : {"/v1/chat/completions", "/v1/messages", "/v1/responses",
                                 "/v1beta/models/g:streamGenerateContent?alt=sse"}) {
    // Tokens that came while the machine stood still are read together.
    EXPECT_TRUE(core::holds_once([&] {
      const json step =
          first_step(load({url() + path, "--stream", "--connections", "2", "--requests", "4"}));
      EXPECT_EQ(step.at("succeeded"), 4) << path;
      EXPECT_EQ(step.at("token_events"), 44) << path;
      EXPECT_EQ(step.at("gap_us").at("count"), 40) << path;
      EXPECT_GE(step.at("first_token_us").at("p50").get<double>(), 49'000) << path;
      EXPECT_GE(step.at("latency_us").at("p50").get<double>(), 149'000) << path;
      return step.at("gap_us").at("mean").get<double>() >= 9'000 &&
             step.at("gap_us").at("p50").get<double>() <= 30'000;
    })) << path;
  }
}

TEST_F(LoadProgram, CountsFailuresByKindAndEndsWithTwo) {
  start_mock();
  struct Case {
    std::string header;
    std::string failure;
    std::string timeout = "60s";
  };
  for (const Case& expected :
       {Case{"x-mock-status: 503", "status 5xx"}, Case{"x-mock-status: 429", "status 4xx"},
        Case{"x-mock-reset-at-event: 2", "reset"}, Case{"x-mock-close-at-event: 2", "closed early"},
        Case{"x-mock-stream-error: overloaded", "stream error"},
        Case{"x-mock-hostile: garbage", "malformed"}, Case{"x-mock-extra-bytes: 9", "malformed"},
        Case{"x-mock-stall-at-event: 1", "timed out", "300ms"}}) {
    const json step = first_step(load({url(), "--stream", "--connections", "2", "--requests", "4",
                                       "--header", expected.header, "--timeout", expected.timeout},
                                      2));
    EXPECT_EQ(step.at("failures"), json({{expected.failure, 4}})) << expected.header;
  }
  const json step =
      first_step(load({"http://127.0.0.1:1", "--connections", "1", "--requests", "3"}, 2));
  EXPECT_EQ(step.at("failures"), json({{"connect", 3}}));
}

TEST_F(LoadProgram, ARefusalIsTheGoodAnswerWhereItIsExpected) {
  start_mock({"--status", "429"});
  const std::vector<std::string> run{url(), "--requests", "20", "--connections", "2"};
  auto refused = run;
  refused.insert(refused.end(), {"--expect-status", "429"});
  const json step = first_step(load(refused));
  EXPECT_EQ(step.at("succeeded"), 20);
  EXPECT_EQ(step.at("latency_us").at("count"), 20);
  auto answered = refused;
  answered.insert(answered.end(), {"--header", "x-mock-status: 200"});
  EXPECT_EQ(first_step(load(answered, 2)).at("failures"), json({{"unexpected status", 20}}));
}

TEST_F(LoadProgram, AShareOfErrorsIsBorneWhereItIsAllowed) {
  start_mock({"--status", "500", "--error-rate", "0.2"});
  const std::vector<std::string> run{url(), "--requests", "500", "--connections", "4"};
  auto tolerant = run;
  tolerant.insert(tolerant.end(), {"--errors-max", "0.5"});
  (void)load(tolerant, 0);
  (void)load(run, 2);
}

TEST_F(LoadProgram, NewConnectionsForEachRequest) {
  start_mock();
  const json step =
      first_step(load({url(), "--new-connections", "--requests", "50", "--connections", "4"}));
  EXPECT_EQ(step.at("succeeded"), 50);
  EXPECT_EQ(step.at("connections_opened"), 50);
  EXPECT_EQ(step.at("connect_us").at("count"), 50);
  EXPECT_EQ(served().at("connections").at("requests_on_reused"), 0);
}

TEST_F(LoadProgram, SurvivesConnectionsThatTheServerEnds) {
  start_mock({"--close-silently", "yes"});
  const json step = first_step(load(
      {url(), "--requests", "60", "--connections", "3", "--think", "5ms", "--errors-max", "1"}));
  EXPECT_EQ(step.at("succeeded"), 60);
}

TEST_F(LoadProgram, SpeaksTlsAndResumes) {
  using net::tls::test::make_authority;
  const auto authority = make_authority();
  const auto server = net::tls::test::make_identity(
      {.dns_names = {"localhost"}, .ip_addresses = {"127.0.0.1"}}, &authority);
  std::ofstream(folder_.file("ca.pem")) << authority.certificate_pem();
  std::ofstream(folder_.file("server.pem")) << server.certificate_pem();
  std::ofstream(folder_.file("server.key")) << server.key_pem();
  start_mock({"--listen-tls", "127.0.0.1:0", "--certificate", folder_.file("server.pem"), "--key",
              folder_.file("server.key"), "--answer-bytes", "100000"});
  const std::string https = "https://" + ready_.at("tls").get<std::string>();
  const json kept = first_step(load({https, "--ca", folder_.file("ca.pem"), "--requests", "200",
                                     "--connections", "4", "--body-bytes", "100000"}));
  EXPECT_EQ(kept.at("succeeded"), 200);
  EXPECT_EQ(kept.at("connections_opened"), 4);
  const json fresh = first_step(load({https, "--ca", folder_.file("ca.pem"), "--requests", "40",
                                      "--connections", "1", "--new-connections"}));
  EXPECT_EQ(fresh.at("succeeded"), 40);
  EXPECT_GE(fresh.at("tls_resumed"), 30);
  const json full = first_step(load({https, "--ca", folder_.file("ca.pem"), "--requests", "10",
                                     "--connections", "1", "--new-connections", "--no-resume"}));
  EXPECT_EQ(full.at("tls_resumed"), 0);
  // Somebody else's authority.
  std::ofstream(folder_.file("other.pem")) << make_authority("Other").certificate_pem();
  const json refused = first_step(
      load({https, "--ca", folder_.file("other.pem"), "--requests", "2", "--connections", "1"}, 2));
  EXPECT_EQ(refused.at("failures"), json({{"tls", 2}}));
}

TEST_F(LoadProgram, TargetsStandSideBySideAndAreDrawn) {
  start_mock({"--listen", "unix:" + folder_.file("mock.sock")});
  Process process(HEADRACE_LOAD_PROGRAM, {"-q", "--warm-up", "0", "--requests", "50", "--rounds",
                                          "2", "--svg", folder_.file("plot.svg"), "tcp=" + url(),
                                          "local=unix:" + folder_.file("mock.sock")});
  const std::string text = process.read_rest();
  EXPECT_EQ(process.wait(), 0) << text;
  for (const std::string_view part : {"tcp", "local", "p99.99", "over the rounds", "generator:"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  std::ifstream svg(folder_.file("plot.svg"));
  std::string first;
  std::getline(svg, first);
  EXPECT_TRUE(first.starts_with("<svg")) << first;
  EXPECT_EQ(served().at("total").at("completed"), 200);
}

TEST_F(LoadProgram, SeveralThreadsShareRateAndConnections) {
  start_mock();
  const json report = load({url(), "--threads", "2", "--rate", "1000", "--duration", "300ms"});
  EXPECT_EQ(first_step(report).at("completed"), 300);
  const json closed = load({url(), "--threads", "3", "--connections", "7", "--requests", "100"});
  EXPECT_EQ(first_step(closed).at("completed"), 100);
  EXPECT_EQ(closed.at("targets").at(0).at("connections_opened"), 7);
}

TEST_F(LoadProgram, AnInterruptionStillReports) {
  start_mock();
  Process process(HEADRACE_LOAD_PROGRAM,
                  {"-q", "--json", "-", "--warm-up", "0", "--duration", "60s", url()});
  while (served().at("total").at("completed") == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  process.signal(SIGINT);
  const json report = json::parse(process.read_rest(), nullptr, false);
  EXPECT_EQ(process.wait(), 0);
  ASSERT_TRUE(report.is_object());
  EXPECT_EQ(report.at("interrupted"), true);
  EXPECT_GT(first_step(report).at("succeeded"), 0);
  EXPECT_LT(first_step(report).at("seconds"), 50.0);
}

TEST_F(LoadProgram, StreamsLongerThanTheRunAreNoFailures) {
  start_mock({"--gap", "1ms", "--answer-tokens", "1000000"});
  const json step = first_step(load({url(), "--stream", "--connections", "5", "--duration", "1s"}));
  EXPECT_EQ(step.at("failed"), 0);
  EXPECT_EQ(step.at("unfinished"), 5);
  EXPECT_GT(step.at("token_events"), 100);
}

TEST(LoadProgramStart, RefusesOtherMachinesAndNonsense) {
  struct Case {
    std::vector<std::string> arguments;
  };
  for (const Case& wrong :
       {Case{{"http://192.0.2.1/"}}, Case{{"not-a-url"}}, Case{{}},
        Case{{"http://127.0.0.1:1", "--rate", "x"}}, Case{{"http://127.0.0.1:1", "--rate", ""}},
        Case{{"http://127.0.0.1:1", "--duration", "1e15m"}},
        Case{{"http://127.0.0.1:1", "--duration", "0s"}},
        Case{{"http://127.0.0.1:1", "--path", "v1/messages"}},
        Case{{"http://127.0.0.1:1", "--seed", "-1"}},
        Case{{"http://127.0.0.1:1", "--seed", "18446744073709551616"}},
        Case{{"http://127.0.0.1:1", "--json", "/no/such/folder/file"}},
        Case{{"http://127.0.0.1:1", "--svg", "/no/such/folder/file"}},
        Case{{"http://127.0.0.1:1", "--warm-up", "-1s"}},
        Case{{"http://127.0.0.1:1", "--body", "/no/such/file"}},
        Case{{"https://127.0.0.1:1", "--ca", "/no/such/file"}}}) {
    Process process(HEADRACE_LOAD_PROGRAM, wrong.arguments);
    EXPECT_EQ(process.read_rest(), "") << "it ran";
    EXPECT_EQ(process.wait(), 1) << "2: it ran, and nobody answered";
  }
}

}  // namespace
}  // namespace headrace::tools::load

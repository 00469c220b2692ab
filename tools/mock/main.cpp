// headrace-mock: reads the command line, serves until it is told to end.
#include <algorithm>
#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>
#include <signal.h>
#include <unistd.h>

#include "core/terminal_text.h"
#include "tools/command_line/parse_arguments.h"
#include "tools/command_line/seed_option.h"
#include "tools/command_line/time_option.h"
#include "tools/mock/server.h"

namespace {

using headrace::core::SocketAddress;
using headrace::core::terminal_line;
using headrace::core::terminal_lines;
using headrace::tools::add_seed;
using headrace::tools::add_time;
using headrace::tools::parse_arguments;
using headrace::tools::tell_of;
using namespace headrace::tools::mock;

constexpr const char* kDescription =
    "A mock LLM provider that speaks the wire formats of OpenAI, Anthropic and Gemini, fast,\n"
    "deterministic by seed, and as badly behaved as it is told to be.\n\n"
    "Every setting below \"Serving\" is also a request header that overrides it for that request:\n"
    "--latency 20ms is x-mock-latency: 20ms. POST /mock/behaviour changes them for all requests\n"
    "to come. GET /mock/served tells what was served, GET /mock/last what was asked last,\n"
    "POST /mock/reset forgets both.";

constexpr const char* kExamples =
    "Examples:\n"
    "  headrace-mock --listen 127.0.0.1:9000\n"
    "  headrace-mock --latency lognormal:300ms:0.4 --tokens-per-second 80 --answer-tokens 400\n"
    "  headrace-mock --error-rate 0.02 --status 503 --retry-after 1\n"
    "  curl -H 'x-mock-reset-at-event: 3' -d '{\"model\":\"m\",\"stream\":true,\"messages\":[]}' "
    "\\\n"
    "       http://127.0.0.1:9000/v1/chat/completions";

SocketAddress parse_address(const std::string& option, const std::string& text) {
  const auto address = SocketAddress::parse(text);
  if (!address) throw CLI::ValidationError(option, address.error());
  return *address;
}

void list_hostile() {
  std::printf("Names for --hostile and x-mock-hostile:\n");
  for (const HostileAnswer& answer : hostile_answers()) {
    std::printf("  %-26s %s\n", std::string(answer.name).c_str(),
                std::string(answer.meaning).c_str());
  }
}

void add_serving_options(CLI::App& app, ServerOptions& options) {
  const std::string group = "Serving";
  app.add_option_function<std::vector<std::string>>(
         "--listen",
         [&options](const std::vector<std::string>& texts) {
           for (const auto& text : texts)
             options.listen.push_back({parse_address("--listen", text), false});
         },
         "address:port (port 0: a free one) or unix:PATH; may be repeated [127.0.0.1:9000]")
      ->type_name("ADDRESS")
      ->group(group);
  app.add_option_function<std::vector<std::string>>(
         "--listen-tls",
         [&options](const std::vector<std::string>& texts) {
           for (const auto& text : texts)
             options.listen.push_back({parse_address("--listen-tls", text), true});
         },
         "the same with TLS")
      ->type_name("ADDRESS")
      ->group(group);
  app.add_option("--certificate", options.certificate_path, "PEM file for --listen-tls")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--key", options.key_path, "PEM file of its private key")
      ->type_name("FILE")
      ->group(group);
  app.add_option_function<std::string>(
         "--admin",
         [&options](const std::string& text) { options.admin = parse_address("--admin", text); },
         "a further address for the paths under /mock/, which stand on every listener")
      ->type_name("ADDRESS")
      ->group(group);
  app.add_option("--shards", options.shards, "threads, each with an io_uring of its own [1]")
      ->check(CLI::Range(1, 64))
      ->type_name("N")
      ->group(group);
  app.add_option("--cpu", options.processors, "processors to pin the shards to: 1 or 0,1")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("LIST")
      ->group(group);
  add_time(app, "--spin", options.spin, "poll so long before sleeping [0]")->group(group);
  app.add_option("--connections-max", options.connections_max, "a shard; more are closed [16384]")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N")
      ->group(group);
  add_time(app, "--idle-close", options.idle_close, "close connections that idle so long [never]")
      ->group(group);
  add_seed(app, options.seed, "of words, token ratios and chance [1]")->group(group);
  app.add_option("--models", options.models, "what the model lists name")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("LIST")
      ->group(group);
  app.add_option("--require-key", options.keys,
                 "refuse requests that do not carry this credential; may be repeated")
      ->type_name("KEY")
      ->group(group);
  app.add_option("--fixed-time", options.fixed_unix_seconds,
                 "Unix time to write into answers, so that they repeat byte for byte")
      ->type_name("SECONDS")
      ->group(group);
}

void add_settings(CLI::App& app, Behaviour& behaviour) {
  for (const Setting& setting : settings()) {
    app.add_option_function<std::vector<std::string>>(
           "--" + std::string(setting.name),
           [&behaviour, &setting](const std::vector<std::string>& values) {
             for (const std::string& value : values) {
               const auto applied = setting.apply(behaviour, value);
               if (!applied) {
                 throw CLI::ValidationError("--" + std::string(setting.name), applied.error());
               }
             }
           },
           std::string(setting.help))
        ->type_name(std::string(setting.value))
        ->group(std::string(setting.group))
        ->expected(1)
        ->take_all();
  }
}

void print_ready(const Server& server, const ServerOptions& options) {
  std::string listen;
  std::string tls;
  for (std::size_t i = 0; i < options.listen.size(); ++i) {
    std::string& text = options.listen[i].tls ? tls : listen;
    if (text.empty()) text = server.addresses()[i].text();
  }
  std::printf(R"({"ready":true,"listen":"%s","tls":"%s","admin":"%s","pid":%d})"
              "\n",
              terminal_line(listen).c_str(), terminal_line(tls).c_str(),
              terminal_line(server.admin_address().text()).c_str(), static_cast<int>(::getpid()));
  std::fflush(stdout);
}

int serve(const ServerOptions& options) {
  // Blocked before any thread starts, so that all of them inherit it.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  const auto server = Server::start(options);
  if (!server) {
    for (const std::string& error : server.error()) {
      std::fprintf(stderr, "headrace-mock: %s\n", terminal_lines(error).c_str());
    }
    return 1;
  }
  print_ready(**server, options);
  int received = 0;
  sigwait(&signals, &received);
  return 0;
}

}  // namespace

// What escapes ends the program, with its message.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  CLI::App app(kDescription, "headrace-mock");
  app.footer(kExamples);
  app.set_version_flag("-V,--version", "headrace-mock " HEADRACE_VERSION);
  ServerOptions options;
  options.models = {
      "gpt-4o",          "gpt-4o-mini",      "o4-mini",         "text-embedding-3-small",
      "claude-sonnet-4", "claude-haiku-4-5", "gemini-2.5-flash"};
  bool hostile = false;
  app.add_flag("--list-hostile", hostile, "name the answers that --hostile takes, and end");
  add_serving_options(app, options);
  add_settings(app, options.behaviour);
  try {
    parse_arguments(app, argc, argv);
  } catch (const CLI::ParseError& error) {
    return tell_of(app, error);
  }
  if (hostile) {
    list_hostile();
    return 0;
  }
  if (options.listen.empty())
    options.listen.push_back({parse_address("--listen", "127.0.0.1:9000"), false});
  const bool tls = std::ranges::any_of(options.listen, &ListenOptions::tls);
  if (tls && (options.certificate_path.empty() || options.key_path.empty())) {
    std::fprintf(stderr, "headrace-mock: --listen-tls needs --certificate and --key\n");
    return 1;
  }
  return serve(options);
}

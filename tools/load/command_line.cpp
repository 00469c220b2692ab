#include "tools/load/command_line.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/terminal_text.h"
#include "tools/command_line/parse_arguments.h"
#include "tools/command_line/quantity_text.h"
#include "tools/command_line/seed_option.h"
#include "tools/command_line/time_option.h"

namespace headrace::tools::load {
namespace {

namespace tls = net::tls;

constexpr const char* kDescription =
    "Puts an HTTP server under load and tells how it bore it: as many requests as the connections\n"
    "carry (closed loop), or at a given rate (--rate), in which case a request's time counts from\n"
    "when it was meant to start, so that a stall shows in every request that it held up.\n"
    "Event streams are measured by token: time to the first one, gaps, tokens per second.\n\n"
    "A target is [NAME=]http://..., https://... or unix:PATH. Several are loaded in turn and "
    "shown\n"
    "side by side. Only this machine may be loaded unless you pass --allow-remote.";

constexpr const char* kExamples =
    "Examples:\n"
    "  headrace-load http://127.0.0.1:8080/v1/chat/completions --connections 64\n"
    "  headrace-load --rate 2000,4000,8000 --duration 5s --svg latency.svg \\\n"
    "      gateway=http://127.0.0.1:8080 direct=http://127.0.0.1:9000\n"
    "  headrace-load --stream --connections 200 --duration 30s http://127.0.0.1:8080\n"
    "  headrace-load --new-connections --ca ca.pem https://localhost:8443\n\n"
    "It ends with 1 where it could not run, and with 2 where more than --errors-max of the "
    "requests\n"
    "to any target failed.";

// The command line as it was written, before targets, steps and TLS are made of it.
struct Draft : CommandLine {
  std::vector<std::string> targets;
  std::vector<double> rates;
  core::Duration duration = std::chrono::seconds(10);
  std::string ca_path;
  std::string tls_name;
  bool poisson = false;
  bool new_connections = false;
  bool no_resume = false;
  bool allow_remote = false;
  bool connections_given = false;
};

// "1,2.5,4". Not left to the library, whose lists would take in the targets behind them.
std::vector<double> parse_list(const std::string& option, std::string_view text, double low,
                               double high) {
  std::vector<double> list;
  if (text.empty()) throw CLI::ValidationError(option, "it is empty");
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto number = parse_number(text.substr(0, comma));
    if (!number) throw CLI::ValidationError(option, number.error());
    if (*number < low || *number > high) {
      throw CLI::ValidationError(option, fmt::format("{} is not {} to {}", *number, low, high));
    }
    list.push_back(*number);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return list;
}

// What is wrong with a line of a head; empty: nothing.
std::string is_field(const std::string& text) {
  const auto colon = text.find(':');
  const bool good = colon != 0 && colon != text.npos && std::ranges::all_of(text, [](char c) {
                      return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
                    });
  return good ? std::string() : fmt::format("\"{}\" is not a header such as \"Name: value\"", text);
}

void add_load_options(CLI::App& app, Draft& line) {
  const std::string group = "Load";
  LoadOptions& options = line.options;
  app.add_option("targets", line.targets, "[NAME=]URL")->required()->group(group);
  app.add_option_function<std::string>(
         "--rate",
         [&line](const std::string& text) { line.rates = parse_list("--rate", text, 0.001, 1e7); },
         "requests per second and target; several (1000,2000) are steps, each --duration long")
      ->type_name("LIST")
      ->group(group);
  app.add_flag("--poisson", line.poisson, "draw the times between requests rather than space them")
      ->group(group);
  app.add_option("--connections", options.connections,
                 "a target; at most so many with --rate [16; 256 with --rate]")
      ->check(CLI::Range(1, 60'000))
      ->type_name("N")
      ->group(group);
  add_time(app, "--duration", line.duration, "of each step [10s]")->group(group);
  add_time(app, "--warm-up", options.warm_up, "before, not measured [1s]")->group(group);
  app.add_option("--requests", options.requests_max,
                 "at most, a target and round, those of the warm-up too [10000000]")
      ->check(CLI::Range(1ULL, 1'000'000'000'000ULL))
      ->type_name("N")
      ->group(group);
  app.add_option("--rounds", options.rounds, "A B A B ...: all targets so many times [1]")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->group(group);
  app.add_flag("--together", options.together, "all targets at the same time, not in turn")
      ->group(group);
  app.add_flag("--new-connections", line.new_connections, "one for each request")->group(group);
  add_time(app, "--think", options.think, "closed loop: between an answer and the next request [0]")
      ->group(group);
  add_time(app, "--timeout", options.timeout, "of a request [30s]")->group(group);
  app.add_option("--errors-max", options.errors_share_max,
                 "share of failed requests beyond which the exit status is 2 [0.01]")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("SHARE")
      ->group(group);
  app.add_flag("--allow-remote", line.allow_remote, "targets beyond this machine")->group(group);
}

void add_request_options(CLI::App& app, Draft& line) {
  const std::string group = "Requests";
  RequestOptions& request = line.options.request;
  app.add_option("--path", request.path, "where the URL has none [/v1/chat/completions]")
      ->type_name("PATH")
      ->group(group);
  app.add_option("--method", request.method, "[POST]")->type_name("METHOD")->group(group);
  app.add_option("--header", request.headers, "'NAME: VALUE'; may be repeated")
      ->type_name("LINE")
      ->allow_extra_args(false)
      ->check(is_field)
      ->group(group);
  app.add_option("--api-key", request.key, "sent as the path's dialect sends it")
      ->type_name("KEY")
      ->group(group);
  app.add_option("--body", request.body_files, "a file to send; several are sent in turn")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option("--body-bytes", request.body_bytes, "of a generated body [1536]")
      ->check(CLI::Range(0, 256 * 1024 * 1024))
      ->type_name("N")
      ->group(group);
  app.add_option("--model", request.model, "of a generated body [gpt-4o-mini]")
      ->type_name("NAME")
      ->group(group);
  app.add_flag("--stream", request.stream, "generated bodies ask for a stream")->group(group);
  app.add_option("--max-tokens", request.max_tokens, "that generated bodies ask for")
      ->type_name("N")
      ->group(group);
  app.add_option("--expect-status", request.expected_status,
                 "that answers should have; all others are failures [any below 400]")
      ->check(CLI::Range(100, 599))
      ->type_name("N")
      ->group(group);
  app.add_flag("--request-ids", request.request_ids, "an x-request-id of its own for each request")
      ->group(group);
  app.add_option("--ca", line.ca_path, "PEM file of who signs https targets [the system's]")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--tls-name", line.tls_name, "that certificates must name [the URL's host]")
      ->type_name("NAME")
      ->group(group);
  app.add_flag("--no-resume", line.no_resume, "a full TLS handshake each time")->group(group);
}

void add_output_options(CLI::App& app, Draft& line) {
  const std::string group = "Report";
  app.add_option("--json", line.json_path, "all figures; - for standard output")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--svg", line.svg_path, "a plot of the latency by percentile")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("-q,--quiet", line.quiet, "no progress while it runs")->group(group);
  const std::string machine = "Generator";
  app.add_option("--threads", line.options.threads, "that share the load [1]")
      ->check(CLI::Range(1, 256))
      ->type_name("N")
      ->group(machine);
  app.add_option_function<std::string>(
         "--cpu",
         [&line](const std::string& text) {
           for (const double cpu : parse_list("--cpu", text, 0, 4095)) {
             line.options.processors.push_back(static_cast<unsigned>(cpu));
           }
         },
         "processors to pin the threads to: 1 or 0,1")
      ->type_name("LIST")
      ->group(machine);
  add_time(app, "--spin", line.options.spin, "poll so long before sleeping [0]")->group(machine);
  add_seed(app, line.options.seed, "of generated text and drawn times [1]")->group(machine);
}

std::expected<std::string, std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected("cannot read \"" + path + "\"");
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::expected<void, std::string> prepare_tls(Draft& line) {
  std::shared_ptr<const tls::TrustAnchors> anchors;
  for (const Target& target : line.options.targets) {
    if (!target.tls) {
      line.options.tls.push_back(nullptr);
      continue;
    }
    if (anchors == nullptr) {
      const std::string path = line.ca_path.empty() ? tls::kSystemAnchorsPath : line.ca_path;
      const auto pem = read_file(path);
      if (!pem) return std::unexpected(pem.error());
      auto parsed = tls::TrustAnchors::parse(std::as_bytes(std::span(*pem)));
      if (!parsed) return std::unexpected(path + ": " + parsed.error());
      anchors = *parsed;
    }
    tls::ClientOptions options;
    options.host = line.tls_name.empty() ? target.host : line.tls_name;
    options.anchors = anchors;
    auto context = tls::ClientContext::build(std::move(options));
    if (!context) return std::unexpected(context.error().front());
    line.options.tls.push_back(*context);
  }
  return {};
}

std::expected<void, std::string> prepare(Draft& line) {
  LoadOptions& options = line.options;
  if (line.duration <= core::Duration{}) return std::unexpected("--duration: nothing is measured");
  if (!options.request.path.starts_with('/')) {
    return std::unexpected("--path: \"" + options.request.path + "\" does not begin with /");
  }
  for (const std::string& text : line.targets) {
    auto target = parse_target(text, line.allow_remote ? Reach::anywhere : Reach::loopback);
    if (!target) return std::unexpected(target.error());
    options.targets.push_back(*target);
  }
  options.keep_alive = !line.new_connections;
  options.tls_resume = !line.no_resume;
  options.arrivals = line.poisson ? Arrivals::poisson : Arrivals::even;
  if (line.rates.empty()) {
    options.steps = {{.requests_per_second = 0, .duration = line.duration}};
  } else {
    options.loop = Loop::open;
    for (const double rate : line.rates)
      options.steps.push_back({rate, line.duration});
    if (!line.connections_given) options.connections = 256;
  }
  // Found out now, not when the figures are there.
  for (const std::string& path : {line.json_path, line.svg_path}) {
    if (path.empty() || path == "-") continue;
    if (!std::ofstream(path, std::ios::app))
      return std::unexpected("cannot write \"" + path + "\"");
  }
  return prepare_tls(line);
}

}  // namespace

std::expected<CommandLine, int> parse_command_line(int argc, char** argv) {
  CLI::App app(kDescription, "headrace-load");
  app.footer(kExamples);
  app.set_version_flag("-V,--version", "headrace-load " HEADRACE_VERSION);
  Draft line;
  add_load_options(app, line);
  add_request_options(app, line);
  add_output_options(app, line);
  try {
    parse_arguments(app, argc, argv);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(tell_of(app, error));
  }
  line.connections_given = app.count("--connections") > 0;
  if (const auto prepared = prepare(line); !prepared) {
    fmt::print(stderr, "headrace-load: {}\n", core::terminal_lines(prepared.error()));
    return std::unexpected(1);
  }
  return line;
}

}  // namespace headrace::tools::load

// headracectl: what an operator asks of a node.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "net/main/config_file.h"
#include "tools/headracectl/clock_command.h"
#include "tools/headracectl/keys_command.h"
#include "tools/headracectl/limits_command.h"
#include "tools/headracectl/records_command.h"

namespace {

using namespace headrace;

int fail(const std::string& text) {
  fmt::print(stderr, "{}{}", text, text.ends_with('\n') ? "" : "\n");
  return EXIT_FAILURE;
}

// The config base, or the reason why there is none.
int compile(const std::string& config, const std::string& base_path) {
  const auto key = net::find_master_key();
  if (!key) return fail(key.error());
  const auto base = net::compile_config_file(config, *key);
  if (!base) return fail(base.error());
  if (base_path.empty()) {
    fmt::print("{}: the config is good\n", config);
    return EXIT_SUCCESS;
  }
  if (!net::is_master_key_given()) {
    return fail(
        "headracectl compile: no master key: nobody could unseal the base's secrets\n"
        "  set HEADRACE_MASTER_KEY (`openssl rand -hex 32`) or HEADRACE_MASTER_KEY_FILE, here and "
        "for headrace");
  }
  // What it holds is for those alone who serve from it.
  const mode_t others = ::umask(S_IRWXG | S_IRWXO);
  std::ofstream file(base_path, std::ios::binary | std::ios::trunc);
  ::umask(others);
  file.write(reinterpret_cast<const char*>(base->data()),
             static_cast<std::streamsize>(base->size()));
  file.flush();
  if (!file) return fail(fmt::format("cannot write {}", base_path));
  fmt::print("{}: {} bytes\n", base_path, base->size());
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"headracectl: looks into a node of Headrace and compiles its configs."};
  app.require_subcommand(1);

  tools::ctl::RecordsCommand records;
  CLI::App* show = app.add_subcommand(
      "records",
      "Usage records: from the journal's segments, or live from the shared region "
      "(what waits for the disk, and what is under way)");
  CLI::Option* journal =
      show->add_option("--journal", records.journal, "The folder of the journal's segments");
  CLI::Option* region =
      show->add_option("--region", records.region, "The file of the shared region");
  journal->excludes(region);
  show->add_flag("-f,--follow", records.follow, "Go on with what comes");
  const std::map<std::string, tools::ctl::Output> outputs = {{"table", tools::ctl::Output::table},
                                                             {"json", tools::ctl::Output::json}};
  show->add_option("-o,--output", records.output, "table, or json: a line each")
      ->transform(CLI::CheckedTransformer(outputs));

  tools::ctl::LimitsCommand limits;
  CLI::App* list = app.add_subcommand(
      "limits", "What is spent of a node's limits; `reset` lets them begin anew");
  list->add_option("--region", limits.region, "The file of the shared region")->required();
  const std::pair<const char*, std::string*> scopes[] = {{"--organisation", &limits.organisation},
                                                         {"--tenant", &limits.tenant},
                                                         {"--project", &limits.project},
                                                         {"--user", &limits.user},
                                                         {"--key", &limits.key},
                                                         {"--provider", &limits.provider}};
  for (const auto& [name, value] : scopes)
    list->add_option(name, *value, "Whose, by name; of several the narrowest");
  list->add_option("--limit", limits.limit, "Which, by name; all where none is named");
  list->add_flag("--unused", limits.unused, "Those too of which nothing is spent");
  list->add_option("-o,--output", limits.output, "table, or json: a line each")
      ->transform(CLI::CheckedTransformer(outputs));
  CLI::App* reset = list->add_subcommand("reset", "Lets the limits of one scope begin anew");
  reset->fallthrough();

  tools::ctl::ClockCommand clock;
  CLI::App* time = app.add_subcommand(
      "clock",
      "The wall clock that days and months go by; `accept` says that the system's is right");
  time->add_option("--region", clock.region, "The file of the shared region")->required();
  CLI::App* accept = time->add_subcommand("accept", "The system's clock is right");
  accept->fallthrough();

  tools::ctl::KeysCommand keys;
  CLI::App* shown_keys = app.add_subcommand(
      "keys", "API keys, whose they are and when each was used last, from the shared region");
  shown_keys->add_option("--region", keys.region, "The file of the shared region")->required();
  shown_keys->add_option("-o,--output", keys.output, "table, or json: a line each")
      ->transform(CLI::CheckedTransformer(outputs));

  std::string config;
  std::string base;
  CLI::App* make = app.add_subcommand(
      "compile", "Compiles a config into a base, which headrace takes in the place of the config");
  make->add_option("config", config, "The config file")->required();
  make->add_option("-o,--output", base, "The base to write")->required();
  CLI::App* check = app.add_subcommand("check", "Says what is wrong with a config");
  check->add_option("config", config, "The config file")->required();

  CLI11_PARSE(app, argc, argv);
  if (make->parsed()) return compile(config, base);
  if (check->parsed()) return compile(config, {});
  if (list->parsed()) {
    limits.reset = reset->parsed();
    return tools::ctl::show_limits(limits);
  }
  if (time->parsed()) {
    clock.accept = accept->parsed();
    return tools::ctl::show_clock(clock);
  }
  if (shown_keys->parsed()) return tools::ctl::show_keys(keys);
  if (records.journal.empty() && records.region.empty()) {
    return fail("headracectl records: say --journal FOLDER or --region FILE");
  }
  return tools::ctl::show_records(records);
}

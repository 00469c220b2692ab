// headracectl: what an operator asks of a node.
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "core/terminal_text.h"
#include "net/main/config_file.h"
#include "policy/config/config_summary.h"
#include "tools/command_line/parse_arguments.h"
#include "tools/headracectl/clock_command.h"
#include "tools/headracectl/keys_command.h"
#include "tools/headracectl/limits_command.h"
#include "tools/headracectl/records_command.h"

namespace {

using namespace headrace;

int fail(const std::string& text) {
  fmt::print(stderr, "{}{}", core::terminal_lines(text), text.ends_with('\n') ? "" : "\n");
  return EXIT_FAILURE;
}

void add_output(CLI::App& command, tools::ctl::Output& output) {
  command
      .add_option_function<std::string>(
          "-o,--output",
          [&output](const std::string& text) {
            if (text != "table" && text != "json") {
              throw CLI::ValidationError("--output",
                                         fmt::format("{} is neither table nor json", text));
            }
            output = text == "json" ? tools::ctl::Output::json : tools::ctl::Output::table;
          },
          "table, or json: a line each [table]")
      ->type_name("FORM");
}

// A file is written beside its place first: whoever starts or reloads meanwhile finds the former
// base or this one, whole. What is no file (a pipe, /dev/null) is written to. Says why not.
std::string write_base(const std::vector<std::byte>& base, const std::string& path) {
  struct stat there{};
  const bool in_place = ::lstat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode);
  const std::string draft = in_place ? path : path + ".new";
  errno = 0;
  // What it holds is for those alone who serve from it.
  const mode_t others = ::umask(S_IRWXG | S_IRWXO);
  std::ofstream file(draft, std::ios::binary | std::ios::trunc);
  ::umask(others);
  file.write(reinterpret_cast<const char*>(base.data()), static_cast<std::streamsize>(base.size()));
  file.close();
  if (file && (in_place || std::rename(draft.c_str(), path.c_str()) == 0)) return {};
  const std::string why = errno != 0 ? std::strerror(errno) : "it is not taken";
  if (!in_place) std::remove(draft.c_str());
  return why;
}

// The config base, or the reason why there is none.
int compile(const std::string& config, const std::string& base_path) {
  const auto key = net::find_master_key();
  if (!key) return fail(key.error());
  const auto base = net::compile_config_file(config, *key);
  if (!base) return fail(base.error());
  if (base_path.empty()) {
    const auto view = policy::config::ConfigView::open(*base);
    if (!view) return fail(view.error());
    const auto now_unix_s = static_cast<std::uint64_t>(std::time(nullptr));
    fmt::print(
        "{}", core::terminal_lines(policy::config::checked_config_text(config, *view, now_unix_s)));
    return EXIT_SUCCESS;
  }
  if (!net::is_master_key_given()) {
    return fail(
        "headracectl compile: no master key: nobody could unseal the base's secrets\n"
        "  set HEADRACE_MASTER_KEY (`openssl rand -hex 32`) or HEADRACE_MASTER_KEY_FILE, here and "
        "for headrace");
  }
  if (const std::string why = write_base(*base, base_path); !why.empty()) {
    return fail(fmt::format("headracectl compile: cannot write {}: {}", base_path, why));
  }
  fmt::print("{}: {} bytes\n", core::terminal_line(base_path), base->size());
  return EXIT_SUCCESS;
}

}  // namespace

// What escapes ends the program, with its message.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  CLI::App app{"Looks into a node of Headrace and compiles its configs.", "headracectl"};
  app.set_version_flag("-V,--version", "headracectl " HEADRACE_VERSION);
  app.require_subcommand(0, 1);  // so that a slip in its name is told as such

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
  add_output(*show, records.output);

  tools::ctl::LimitsCommand limits;
  CLI::App* list = app.add_subcommand(
      "limits", "What is spent of a node's limits; `reset` lets them begin anew");
  list->add_option("--region", limits.region, "The file of the shared region")->required();
  const std::pair<const char*, std::string*> scopes[] = {{"--organisation", &limits.organisation},
                                                         {"--tenant", &limits.tenant},
                                                         {"--project", &limits.project},
                                                         {"--user", &limits.user},
                                                         {"--key", &limits.key},
                                                         {"--route", &limits.route}};
  for (const auto& [name, value] : scopes)
    list->add_option(name, *value, "Whose, by name; of several the narrowest");
  list->add_option("--provider", limits.provider, "Likewise; PROVIDER/KEY is one of its keys");
  list->add_option("--limit", limits.limit, "Which, by name; all where none is named");
  list->add_flag("--unused", limits.unused, "Those too of which nothing is spent");
  add_output(*list, limits.output);
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
  add_output(*shown_keys, keys.output);

  std::string config;
  std::string base;
  CLI::App* make = app.add_subcommand(
      "compile", "Compiles a config into a base, which headrace takes in the place of the config");
  make->add_option("config", config, "The config file")->required();
  make->add_option("-o,--output", base, "The base to write")->required();
  CLI::App* check =
      app.add_subcommand("check", "Says what is wrong with a config, or what it holds");
  check->add_option("config", config, "The config file")->required();

  try {
    tools::parse_arguments(app, argc, argv);
  } catch (const CLI::ParseError& error) {
    return tools::tell_of(app, error);
  }
  if (app.get_subcommands().empty()) return fail(app.help());
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

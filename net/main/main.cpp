// headrace: the data plane.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "core/io.h"
#include "core/terminal_text.h"
#include "net/main/command_line.h"
#include "net/main/config_file.h"
#include "net/main/data_plane.h"
#include "policy/config/config_summary.h"
#include "policy/config/effective_yaml.h"

#if defined(HEADRACE_PLANTED_BUGS)
#error "the data plane is never compiled with planted bugs"
#endif

namespace {

using namespace headrace;

// What a core file would hold are keys, and what clients have said.
void forbid_core_dumps() {
  if (std::getenv("HEADRACE_CORE_DUMPS") != nullptr) return;
  rlimit limit{};
  getrlimit(RLIMIT_CORE, &limit);
  // Of one byte, not of none: so the kernel calls no program that takes dumps either.
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 1);
  setrlimit(RLIMIT_CORE, &limit);
}

int print_version() {
  utsname kernel{};
  uname(&kernel);
  fmt::print("headrace {}\nkernel {} {}\n", HEADRACE_VERSION, kernel.sysname, kernel.release);
  auto io = core::Io::create({});
  if (!io) {
    fmt::print("io_uring: not usable: {}\n", io.error());
    return EXIT_FAILURE;
  }
  (*io)->enable();
  const core::IoFeatures& features = (*io)->features();
  const auto mark = [](bool has) { return has ? "yes" : "no"; };
  fmt::print(
      "io_uring: single issuer {}, deferred task running {}, multishot receive {}, multishot "
      "accept {}, vectored send {}, ring messages {}, absolute waits {}, idle waits {}\n",
      mark(features.single_issuer), mark(features.defer_taskrun), mark(features.recv_multishot),
      mark(features.accept_multishot), mark(features.send_vectorized), mark(features.ring_messages),
      mark(features.absolute_waits), mark(features.idle_waits));
  return EXIT_SUCCESS;
}

int fail(const std::string& text) {
  fmt::print(stderr, "{}{}", core::terminal_lines(text), text.ends_with('\n') ? "" : "\n");
  return EXIT_FAILURE;
}

int print_effective(const net::CommandLine& line, const policy::config::MasterKey& key) {
  auto base = net::compile_config_file(line.config_path, key);
  if (!base) return fail(base.error());
  auto view = policy::config::ConfigView::open(*base);
  if (!view) return fail(view.error());
  fmt::print("{}", policy::config::effective_yaml(*view));
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  forbid_core_dumps();
  int exit_status = EXIT_SUCCESS;
  const auto line = net::parse_command_line(argc, argv, exit_status);
  if (!line) return exit_status;
  if (line->version) return print_version();
  if (!line->check && !line->effective) net::DataPlane::hold_reloads();
  auto master_key = net::find_master_key();
  if (!master_key) return fail(master_key.error());
  if (line->effective) return print_effective(*line, *master_key);

  auto snapshot = net::load_config_file(line->config_path, *master_key);
  if (!snapshot) return fail(snapshot.error());
  if (line->check) {
    const auto now_unix_s = static_cast<std::uint64_t>(std::time(nullptr));
    fmt::print("{}", core::terminal_lines(policy::config::checked_config_text(
                         line->config_path, (*snapshot)->view(), now_unix_s)));
    return EXIT_SUCCESS;
  }
  net::DataPlane::block_signals();
  net::DataPlane data_plane(*line, *master_key);
  if (auto started = data_plane.start(std::move(*snapshot)); !started) {
    // Threads that run already end with the process.
    const int status = fail("headrace cannot start: " + started.error());
    std::fflush(nullptr);
    std::_Exit(status);
  }
  data_plane.run();
  return EXIT_SUCCESS;
}

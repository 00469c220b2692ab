// What an operator reads when io_uring or an address cannot be had. Each case runs in a process of
// its own, because what it takes away cannot be given back.
#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "core/uring/startup_error.h"
#include "tests/core/holds_once.h"
#include "tests/core/io_uring_world.h"
#include "tests/core/temporary_folder.h"

namespace headrace::core {
namespace {

constexpr uid_t kNobody = 65534;

// What `child` returns, run in a process of its own.
std::string in_child(const std::function<std::string()>& child) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t process = fork();
  if (process == 0) {
    const std::string text = child();
    const ssize_t written = write(ends[1], text.data(), text.size());
    _exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string text;
  std::array<char, 4096> part;
  for (ssize_t got = 0; (got = read(ends[0], part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  waitpid(process, &status, 0);
  EXPECT_EQ(status, 0) << "the child process died";
  return text;
}

std::string create_error(const IoOptions& options) {
  const auto io = Io::create(options);
  return io ? "none" : io.error();
}

// As container runtimes' default profiles do.
void forbid_io_uring() {
  std::array<sock_filter, 4> rules{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{.len = rules.size(), .filter = rules.data()};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

TEST(IoUringStartup, SeccompIsNamedWithTheContainersOption) {
  const std::string error = in_child([] {
    forbid_io_uring();
    return create_error({});
  });
  EXPECT_NE(error.find("seccomp"), std::string::npos) << error;
  EXPECT_NE(error.find("--security-opt"), std::string::npos) << error;
}

TEST(IoUringStartup, TooLittleLockableMemoryIsNamedWithTheNeed) {
  if (getuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const IoOptions options{.submission_entries = 4096, .completion_entries = 32768};
  const std::string error = in_child([&] {
    const rlimit none{.rlim_cur = 4096, .rlim_max = 4096};
    setrlimit(RLIMIT_MEMLOCK, &none);
    if (setuid(kNobody) != 0) return std::string("cannot become nobody");
    return create_error(options);
  });
  EXPECT_NE(error.find("the limit for all processes of this user together is 4096 bytes"),
            std::string::npos)
      << error;
  EXPECT_NE(error.find(std::to_string(uring::locked_bytes(options))), std::string::npos) << error;
  EXPECT_NE(error.find("LimitMEMLOCK=infinity"), std::string::npos) << error;
  EXPECT_NE(error.find("--ulimit memlock"), std::string::npos) << error;
}

TEST(IoUringStartup, UsedUpDescriptorsAreNamedWithTheLimit) {
  const std::string error = in_child([] {
    static_cast<void>(Io::create({}));  // what the kernel has is found out before
    const rlimit few{.rlim_cur = 3, .rlim_max = 3};
    HEADRACE_CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    return create_error({});
  });
  EXPECT_NE(error.find("file descriptors (limit 3)"), std::string::npos) << error;
  EXPECT_NE(error.find("LimitNOFILE"), std::string::npos) << error;
}

TEST(IoUringStartup, ImpossibleSizesAreNamed) {
  for (const IoOptions& options :
       {IoOptions{.small_buffers = 1000}, IoOptions{.bulk_buffers = 65536}}) {
    const std::string error = create_error(options);
    EXPECT_NE(error.find("powers of two"), std::string::npos) << error;
  }
}

class IoUringListen : public IoWorld {
 protected:
  void SetUp() override { make({}); }
};

TEST_F(IoUringListen, ATakenPortIsNamedWithTheCommandThatShowsByWhom) {
  // Without SO_REUSEPORT, as another program would.
  const Socket other = keep(io().open_socket(AF_INET).value());
  const SocketAddress any = SocketAddress::from_ip("127.0.0.1", 0).value();
  ASSERT_EQ(bind(static_cast<int>(other), any.native(), any.native_length()), 0);
  ASSERT_EQ(::listen(static_cast<int>(other), 1), 0);
  const SocketAddress taken = io().local_address(other);
  const auto outcome = io().listen(taken, 1);
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().find(taken.text()), std::string::npos) << outcome.error();
  EXPECT_NE(outcome.error().find("ss -ltnp 'sport = :" + std::to_string(taken.port())),
            std::string::npos)
      << outcome.error();
}

TEST_F(IoUringListen, ShardsShareAPort) {
  const Socket first = listen_on_loopback();
  const auto second = io().listen(io().local_address(first), 16);
  ASSERT_TRUE(second) << second.error();
  keep(*second);
}

TEST_F(IoUringListen, AForeignAddressIsNamed) {
  const auto outcome = io().listen(SocketAddress::from_ip("192.0.2.1", 0).value(), 1);
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().find("ip address"), std::string::npos) << outcome.error();
}

TEST_F(IoUringListen, AMissingFolderIsNamed) {
  const auto outcome = io().listen(SocketAddress::parse("unix:/nowhere/at/all").value(), 1);
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().find("folder does not exist"), std::string::npos) << outcome.error();
}

TEST_F(IoUringListen, AFileThatIsNoSocketIsNamedAndStays) {
  const TemporaryFolder folder;
  const std::string path = folder.file("file");
  std::ofstream(path) << "mine";
  const auto outcome = io().listen(SocketAddress::parse("unix:" + path).value(), 1);
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().find("no socket"), std::string::npos) << outcome.error();
  EXPECT_TRUE(std::filesystem::is_regular_file(path));
}

TEST(IoUringStartup, PrivilegedPortsAreNamedWithTheCapability) {
  const std::string error =
      uring::listen_refused(EACCES, "bind", SocketAddress::from_ip("127.0.0.1", 443).value());
  EXPECT_NE(error.find("cap_net_bind_service"), std::string::npos) << error;
}

TEST(IoUringStartup, EveryErrorOfARingNamesWhatMendsIt) {
  const struct {
    int error;
    const char* remedy;
  } cases[] = {{ENOSYS, "needs Linux 6.1 or later; see: uname -r"},
               {ENFILE, "sysctl -w fs.file-max="},
               {EMFILE, "ulimit -n 65536"},
               {ENOMEM, "ulimit -l unlimited"},
               {EIO, "io_uring cannot be had: Input/output error"}};
  for (const auto& [error, remedy] : cases) {
    const std::string text = uring::ring_refused(error, {});
    EXPECT_NE(text.find(remedy), std::string::npos) << text;
  }
}

TEST(IoUringStartup, EveryErrorOfAnAddressNamesItAndWhatMendsIt) {
  const struct {
    int error;
    const char* address;
    const char* remedy;
  } cases[] = {
      {EACCES, "unix:/run/headrace/socket", "its folder may not be written by this user"},
      {EACCES, "127.0.0.1:8080", "not permitted by a security policy"},
      {EPERM, "127.0.0.1:80", "ip_unprivileged_port_start=80"},
      {EADDRINUSE, "[::1]:8080", "ss -ltnp 'sport = :8080'"},
      {EMFILE, "127.0.0.1:8080", "ulimit -n 65536"},
      {ENFILE, "127.0.0.1:8080", "sysctl -w fs.file-max="},
      {EAFNOSUPPORT, "[::1]:8080", "is IPv6 switched off?"},
      {ENOBUFS, "127.0.0.1:8080", "listen: No buffer space available"},
  };
  for (const auto& [error, address, remedy] : cases) {
    const std::string text =
        uring::listen_refused(error, "listen", SocketAddress::parse(address).value());
    EXPECT_NE(text.find(remedy), std::string::npos) << text;
    EXPECT_TRUE(text.starts_with(std::string("cannot listen on ") + address + ": ")) << text;
  }
}

// Who is accepted so is sent away: where no connection has room, nothing may wait for anybody.
TEST_F(IoUringListen, TakesOneAtOnceOrNobody) {
  const Socket listener = listen_on_loopback();
  EXPECT_FALSE(io().accept_now(listener));
  const Socket connecting = keep(io().open_socket(AF_INET).value());
  const SocketAddress address = io().local_address(listener);
  ASSERT_EQ(connect(static_cast<int>(connecting), address.native(), address.native_length()), 0);
  const auto accepted = io().accept_now(listener);
  ASSERT_TRUE(accepted);
  keep(*accepted);
  EXPECT_EQ(io().peer_address(*accepted).text(), io().local_address(connecting).text());
  EXPECT_FALSE(io().accept_now(listener));
  EXPECT_EQ(fcntl(static_cast<int>(listener), F_GETFL) & O_NONBLOCK, 0) << "left as it was";
}

TEST(IoUringStartup, MakingAnIoIsQuick) {
  EXPECT_TRUE(holds_once([] {
    const auto start = std::chrono::steady_clock::now();
    const auto io = Io::create({});
    EXPECT_TRUE(io) << io.error();
    return std::chrono::steady_clock::now() - start < 1s;
  }));
}

}  // namespace
}  // namespace headrace::core

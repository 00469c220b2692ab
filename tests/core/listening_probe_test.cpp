#include "core/listening_probe.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/core/temporary_folder.h"

namespace headrace::core {
namespace {

class Holder {
 public:
  Holder(const SocketAddress& address, bool shares)
      : descriptor_(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shares) ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    EXPECT_EQ(::bind(descriptor_, address.native(), address.native_length()), 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { ::close(descriptor_); }

  void listen() const { EXPECT_EQ(::listen(descriptor_, 1), 0); }
  [[nodiscard]] SocketAddress address() const {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    auto* native = reinterpret_cast<sockaddr*>(&storage);
    EXPECT_EQ(::getsockname(descriptor_, native, &length), 0);
    return SocketAddress::from_native(native, length);
  }

 private:
  int descriptor_;
};

const SocketAddress kAnyPort = SocketAddress::parse("127.0.0.1:0").value();

TEST(ListeningProbe, APortIsTakenWhereSomebodyListensThoughHeSharesIt) {
  for (const bool shares : {false, true}) {
    const Holder holder(kAnyPort, shares);
    EXPECT_FALSE(is_listened_on(holder.address())) << "bound only";
    holder.listen();
    EXPECT_TRUE(is_listened_on(holder.address()));
    EXPECT_TRUE(is_listened_on(holder.address())) << "looking left something behind";
  }
}

TEST(ListeningProbe, AnyFreePortIsFree) {
  EXPECT_FALSE(is_listened_on(kAnyPort));
}

TEST(ListeningProbe, AUnixSocketIsFreeOnceItsListenerHasGone) {
  const TemporaryFolder folder;
  const SocketAddress address = SocketAddress::parse("unix:" + folder.file("socket")).value();
  EXPECT_FALSE(is_listened_on(address)) << "there is none";
  {
    const Holder holder(address, false);
    EXPECT_FALSE(is_listened_on(address)) << "bound only";
    holder.listen();
    EXPECT_TRUE(is_listened_on(address));
    EXPECT_TRUE(is_listened_on(address)) << "its queue may be full of those who looked";
    EXPECT_TRUE(is_listened_on(address));
    EXPECT_TRUE(is_listened_on(address));
  }
  EXPECT_FALSE(is_listened_on(address)) << "only its file is left";
}

}  // namespace
}  // namespace headrace::core

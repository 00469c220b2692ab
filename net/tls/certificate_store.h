// Certificates on disk: read, checked and made into a ServerContext; noticed when they change.
//
// Threads:  one, and not a shard: it reads files and parses keys. What it returns may go anywhere.
// Reload:   load() builds a whole new context or none: one bad file keeps the old context in use.
// Errors:   every fault of every file at once, each with the path and what mends it.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "net/tls/server_context.h"

namespace headrace::net::tls {

struct CertificateFiles {
  std::string certificate_path;  // PEM: the certificate, then its intermediates
  std::string key_path;          // PEM: may be the same file
};

inline constexpr std::size_t kCertificateFileBytesMax = 1 << 20;

class CertificateStore {
 public:
  // `options.credentials` is filled from the files.
  CertificateStore(std::vector<CertificateFiles> files, ServerOptions options);

  std::expected<std::shared_ptr<const ServerContext>, std::vector<std::string>> load();
  // Whether a file differs (inode, size, time of change) from what load() last saw, or has become
  // unreadable. False until load() was called.
  [[nodiscard]] bool changed() const;

 private:
  struct Seen {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t bytes = -1;
    std::int64_t modified_nanos = 0;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  static Seen look(const std::string& path);

  std::vector<CertificateFiles> files_;
  ServerOptions options_;
  std::vector<Seen> seen_;  // two a certificate
};

}  // namespace headrace::net::tls

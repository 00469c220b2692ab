#include "net/tls/certificate_store.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include <sys/stat.h>

#include "net/file_bytes.h"

namespace headrace::net::tls {
namespace {

std::string words_of(int error) {
  switch (error) {
    case ENOENT:
      return "no such file";
    case EACCES:
      return "not readable by this user: check owner and mode of it and of its folders";
    case EISDIR:
      return "is a folder";
    case EFBIG:
      return "larger than " + std::to_string(kCertificateFileBytesMax) +
             " bytes: this is no certificate or key";
    default:
      return std::strerror(error);
  }
}

std::expected<FileBytes, std::string> read_file(const std::string& path) {
  auto file = read_file_bytes(path, kCertificateFileBytesMax);
  if (!file) return std::unexpected(path + ": " + words_of(file.error()));
  return std::move(*file);
}

}  // namespace

CertificateStore::CertificateStore(std::vector<CertificateFiles> files, ServerOptions options)
    : files_(std::move(files)), options_(std::move(options)) {}

std::expected<std::shared_ptr<const ServerContext>, std::vector<std::string>>
CertificateStore::load() {
  std::vector<std::string> errors;
  ServerOptions options = options_;
  options.credentials.clear();
  std::vector<Seen> seen;
  for (const CertificateFiles& pair : files_) {
    // Looked at before reading: a change in between is seen as one.
    seen.push_back(look(pair.certificate_path));
    seen.push_back(look(pair.key_path));
    auto chain = read_file(pair.certificate_path);
    auto key = read_file(pair.key_path);
    if (!chain) errors.push_back(chain.error());
    if (!key && (chain || pair.key_path != pair.certificate_path)) errors.push_back(key.error());
    if (!chain || !key) continue;
    auto credential = Credential::parse(chain->bytes(), key->bytes(), std::time(nullptr));
    if (credential) {
      options.credentials.push_back(*credential);
      continue;
    }
    const std::string place = pair.certificate_path == pair.key_path
                                  ? pair.certificate_path
                                  : pair.certificate_path + " with " + pair.key_path;
    for (std::string& error : credential.error()) {
      errors.push_back(std::move(error.insert(0, place + ": ")));
    }
  }
  seen_ = std::move(seen);
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return ServerContext::build(std::move(options));
}

bool CertificateStore::changed() const {
  if (seen_.empty()) return false;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (look(files_[i].certificate_path) != seen_[2 * i]) return true;
    if (look(files_[i].key_path) != seen_[2 * i + 1]) return true;
  }
  return false;
}

CertificateStore::Seen CertificateStore::look(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .bytes = status.st_size,
          .modified_nanos =
              std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

}  // namespace headrace::net::tls

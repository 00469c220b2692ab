#include "net/main/config_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/base_blob.h"
#include "net/file_bytes.h"
#include "policy/config/compile.h"
#include "policy/config/config_view.h"

namespace headrace::net {

namespace config = policy::config;

namespace {

constexpr std::size_t kSecretFileBytesMax = 64 * 1024;
constexpr std::size_t kConfigFileBytesMax = 64 * 1024 * 1024;
constexpr const char* kMasterKeyVariable = "HEADRACE_MASTER_KEY";
constexpr const char* kMasterKeyFileVariable = "HEADRACE_MASTER_KEY_FILE";
// systemd's: where a unit's LoadCredential= and LoadCredentialEncrypted= are for its programs.
constexpr const char* kCredentialsVariable = "CREDENTIALS_DIRECTORY";
constexpr const char* kMasterKeyCredential = "headrace-master-key";

// With the words that belong behind "cannot read".
std::expected<FileBytes, std::string> read_text(const std::string& path, std::size_t bytes_max) {
  auto file = read_file_bytes(path, bytes_max);
  if (file) return std::move(*file);
  if (file.error() == EFBIG) {
    return std::unexpected(fmt::format("is larger than {} bytes", bytes_max));
  }
  return std::unexpected(std::string(std::strerror(file.error())));
}

// The environment and the files of this machine.
class MachineSecrets final : public config::SecretSource {
 public:
  std::optional<std::string> variable(std::string_view name) override {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  }
  std::expected<std::string, std::string> file(std::string_view path) override {
    auto bytes = read_text(std::string(path), kSecretFileBytesMax);
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    return std::string(bytes->text());
  }
  std::optional<std::string> unreadable(std::string_view path) override {
    return denied(std::string(path), R_OK);
  }
  std::optional<std::string> unwritable(std::string_view path) override {
    const std::filesystem::path file(path);
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) return denied(file, W_OK);
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    if (access_to(folder, W_OK | X_OK) == 0) return std::nullopt;
    return fmt::format("cannot be made in its folder: {}", std::strerror(errno));
  }
  std::optional<std::string> unusable_folder(std::string_view path) override {
    std::filesystem::path there(path);
    std::error_code error;
    // What is not there is made; a link to nowhere is there, and no folder.
    while (there.has_relative_path() && !is_there(there, error) && !error)
      there = there.parent_path();
    if (error) return error.message();
    if (there.empty()) there = ".";
    if (!std::filesystem::is_directory(there, error)) return std::string(std::strerror(ENOTDIR));
    if (access_to(there, W_OK | X_OK) == 0) return std::nullopt;
    return std::string(std::strerror(errno));
  }

 private:
  static bool is_there(const std::filesystem::path& path, std::error_code& error) {
    const std::filesystem::file_status status = std::filesystem::symlink_status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) error.clear();
    return std::filesystem::exists(status);
  }
  static int access_to(const std::filesystem::path& path, int mode) {
    return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS);
  }
  static std::optional<std::string> denied(const std::filesystem::path& path, int mode) {
    if (access_to(path, mode) != 0) return std::string(std::strerror(errno));
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) return std::string(std::strerror(EISDIR));
    return std::nullopt;
  }
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

// Compiled before.
bool is_base(std::string_view text) {
  return text.size() >= sizeof core::kBlobMagic &&
         std::memcmp(text.data(), &core::kBlobMagic, sizeof core::kBlobMagic) == 0;
}

std::expected<std::vector<std::byte>, std::string> take_base(std::string_view text,
                                                             const std::string& path) {
  const auto bytes = std::as_bytes(std::span(text));
  std::vector<std::byte> base(bytes.begin(), bytes.end());
  if (auto view = config::ConfigView::open(base); !view) {
    return std::unexpected(
        fmt::format("{}: {}; compile the config again, with the headracectl of this version\n",
                    path, view.error()));
  }
  return base;
}

// The file that is to hold it, where one is named or the service manager gives us one.
std::optional<std::string> master_key_file() {
  if (const char* path = std::getenv(kMasterKeyFileVariable); path != nullptr) return path;
  const char* folder = std::getenv(kCredentialsVariable);
  if (folder == nullptr) return std::nullopt;
  const std::filesystem::path path = std::filesystem::path(folder) / kMasterKeyCredential;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  return path.string();
}

}  // namespace

std::expected<config::MasterKey, std::string> find_master_key() {
  if (const char* text = std::getenv(kMasterKeyVariable); text != nullptr) {
    auto key = config::MasterKey::parse(text);
    if (!key) return std::unexpected(fmt::format("{}: {}", kMasterKeyVariable, key.error()));
    return key;
  }
  if (const auto path = master_key_file()) {
    auto text = read_text(*path, kSecretFileBytesMax);
    if (!text) return std::unexpected(fmt::format("cannot read {}: {}", *path, text.error()));
    auto key = config::MasterKey::parse(trimmed(text->text()));
    if (!key) return std::unexpected(fmt::format("{}: {}", *path, key.error()));
    return key;
  }
  return config::MasterKey::random();
}

bool is_master_key_given() {
  return std::getenv(kMasterKeyVariable) != nullptr || master_key_file();
}

std::expected<std::vector<std::byte>, std::string> compile_config_file(
    const std::string& path, const config::MasterKey& master_key) {
  auto text = read_text(path, kConfigFileBytesMax);
  if (!text) {
    return std::unexpected(fmt::format("cannot read the config {}: {}\n", path, text.error()));
  }
  if (is_base(text->text())) return take_base(text->text(), path);
  MachineSecrets secrets;
  auto base = config::compile(text->text(), path, secrets, master_key);
  if (!base) return std::unexpected(config::errors_text(base.error()));
  return std::move(*base);
}

std::expected<std::shared_ptr<const ConfigSnapshot>, std::string> load_config_file(
    const std::string& path, const config::MasterKey& master_key) {
  auto base = compile_config_file(path, master_key);
  if (!base) return std::unexpected(base.error());
  auto snapshot = ConfigSnapshot::build(std::move(*base), master_key);
  if (snapshot) return std::move(*snapshot);
  std::string text;
  for (const std::string& error : snapshot.error())
    text.append(path).append(": ").append(error).append("\n");
  return std::unexpected(std::move(text));
}

}  // namespace headrace::net

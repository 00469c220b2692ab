// Where ${NAME} and ${file:/path} of a config come from, and what becomes of the files that it
// names: given by the caller, because policy reads neither the environment nor files.
//
// Threads: asked only inside compile(), by its thread.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace headrace::policy::config {

class SecretSource {
 public:
  // The value of an environment variable; empty when it is not set.
  virtual std::optional<std::string> variable(std::string_view name) = 0;
  // A file's content, bounded by who reads it. The error says why not, without the path. One line
  // end at the end is cut off by compile().
  virtual std::expected<std::string, std::string> file(std::string_view path) = 0;
  // Why the program that runs with the config could not read such a file, or write to it (it is
  // made where it is not there). Empty: it could, or that is not to be found out here.
  virtual std::optional<std::string> unreadable(std::string_view) { return std::nullopt; }
  virtual std::optional<std::string> unwritable(std::string_view) { return std::nullopt; }
  // Likewise of a folder to write files in.
  virtual std::optional<std::string> unusable_folder(std::string_view) { return std::nullopt; }

 protected:
  ~SecretSource() = default;
};

}  // namespace headrace::policy::config

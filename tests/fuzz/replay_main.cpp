// Runs a fuzz target as a plain test: each file of the given folders whole, then mutations of them.
// Deterministic: the same files give the same inputs on every run and machine.
//
//   replay_<name> <folder>... [--mutations N] [--seed N]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kInputBytesMax = 65'536;
constexpr std::uint64_t kMutationsDefault = 10000;
constexpr int kMutationsPerInputMax = 4;

using Random = std::mt19937_64;

// Uniform enough for this purpose, and the same with every standard library.
std::size_t below(Random& random, std::size_t bound) {
  return random() % bound;
}

// Bytes that parsers trip over.
constexpr std::string_view kPieces[] = {"\r\n",
                                        "\r",
                                        "\n",
                                        "\r\n\r\n",
                                        " ",
                                        "\t",
                                        ":",
                                        ",",
                                        ";",
                                        "=",
                                        std::string_view("\0", 1),
                                        "\x7f",
                                        "\xff",
                                        "%",
                                        "%00",
                                        "%2f",
                                        "/",
                                        "//",
                                        "/../",
                                        "?",
                                        "#",
                                        "\\",
                                        "\"",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        "0",
                                        "-1",
                                        "9223372036854775808",
                                        "18446744073709551616",
                                        "ffffffffffffffff",
                                        "chunked",
                                        "data: "};

void mutate(std::string& input, const std::vector<std::string>& corpus, Random& random) {
  const std::size_t at = input.empty() ? 0 : below(random, input.size());
  switch (below(random, 7)) {
    case 0:  // one bit
      if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << below(random, 8)));
      break;
    case 1:  // one byte
      if (!input.empty()) input[at] = static_cast<char>(below(random, 256));
      break;
    case 2:
      input.insert(at, kPieces[below(random, std::size(kPieces))]);
      break;
    case 3:
      if (!input.empty()) input.erase(at, 1 + below(random, 8));
      break;
    case 4:
      input.resize(at);
      break;
    case 5:  // a stretch twice
      if (!input.empty()) input.insert(at, input.substr(at, 1 + below(random, 64)));
      break;
    default: {  // the head of this input and the tail of another
      const std::string& other = corpus[below(random, corpus.size())];
      if (!other.empty()) input = input.substr(0, at) + other.substr(below(random, other.size()));
    }
  }
  if (input.size() > kInputBytesMax) input.resize(kInputBytesMax);
}

void run(const std::string& input) {
  // A copy of exactly this size, so that the address sanitizer sees a read beyond the end.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

bool read_folder(const char* folder, std::vector<std::string>& corpus) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return !error && !files.empty();
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> corpus;
  std::uint64_t mutations = kMutationsDefault;
  std::uint64_t seed = 1;
  for (int i = 1; i < argc; ++i) {
    const bool has_value = i + 1 < argc;
    if (std::strcmp(argv[i], "--mutations") == 0 && has_value) {
      mutations = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::strcmp(argv[i], "--seed") == 0 && has_value) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (!read_folder(argv[i], corpus)) {
      std::fprintf(stderr, "no files to replay in %s\n", argv[i]);
      return 1;
    }
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "usage: %s <folder>... [--mutations N] [--seed N]\n", argv[0]);
    return 1;
  }

  for (const std::string& input : corpus)
    run(input);
  Random random(seed);
  for (std::uint64_t i = 0; i < mutations; ++i) {
    std::string input = corpus[below(random, corpus.size())];
    const std::size_t steps = 1 + below(random, kMutationsPerInputMax);
    for (std::size_t step = 0; step < steps; ++step)
      mutate(input, corpus, random);
    run(input);
  }
  std::printf("%zu files and %llu mutations replayed\n", corpus.size(),
              static_cast<unsigned long long>(mutations));
  return 0;
}

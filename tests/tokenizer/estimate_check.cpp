// Holds the prompt estimate (policy/estimate) against real tokenizers: reads the requests that
// requests.mjs wrote, and fails where a mean error is above 10 %, or where less than 99.9 % of the
// requests are under their bound.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/parse_number.h"
#include "policy/body/body_scan.h"
#include "policy/estimate/model_history.h"

namespace {

using namespace headrace::policy;

constexpr double kMeanErrorMax = 0.10;
constexpr double kUnderBoundMin = 0.999;
constexpr std::size_t kLearned = 100;
constexpr std::array<const char*, 2> kTokenizers = {"cl100k_base", "o200k_base"};

struct Request {
  std::string kind;
  std::array<std::int64_t, 2> tokens{};
  PromptEstimate estimate;
};

std::vector<Request> read_requests(const char* file) {
  std::vector<Request> requests;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    Request request;
    std::size_t begin = 0;
    std::array<std::string, 3> fields;
    for (std::string& field : fields) {
      const std::size_t end = line.find('\t', begin);
      field = line.substr(begin, end - begin);
      begin = end + 1;
    }
    request.kind = fields[0];
    for (std::size_t i = 0; i < 2; ++i) {
      request.tokens[i] =
          static_cast<std::int64_t>(headrace::core::parse_decimal(fields[i + 1]).value_or(0));
    }
    const std::string body = line.substr(begin);
    BodyScan scan(Endpoint::chat_completions, {});
    do {
      if (!scan.advance(std::as_bytes(std::span(body.data(), body.size())))) std::abort();
    } while (scan.scanned() < body.size());
    request.estimate =
        estimate_prompt(scan.text_counts(std::as_bytes(std::span(body.data(), body.size()))));
    requests.push_back(std::move(request));
  }
  return requests;
}

struct Tally {
  std::size_t requests = 0;
  std::size_t under_bound = 0;
  double errors = 0;

  void add(const ModelHistory& history, const PromptEstimate& estimate, std::int64_t tokens) {
    const std::int64_t told = history.prompt_tokens(estimate);
    ++requests;
    errors += std::abs(static_cast<double>(told - tokens)) / static_cast<double>(tokens);
    if (tokens <= history.prompt_tokens_max(estimate, kHardQuantile)) ++under_bound;
  }
  [[nodiscard]] double mean_error() const { return errors / static_cast<double>(requests); }
  [[nodiscard]] double under_share() const {
    return static_cast<double>(under_bound) / static_cast<double>(requests);
  }
};

// `learned`: answers that each model has seen of the mix before it is judged by the others.
bool judge(const std::vector<Request>& requests, std::size_t tokenizer, std::size_t learned) {
  ModelHistory history;
  for (std::size_t i = 0; i < learned; ++i) {
    history.learn_prompt(requests[i].estimate.text_tokens, requests[i].tokens[tokenizer]);
  }
  std::map<std::string, Tally> by_kind;
  Tally all;
  for (std::size_t i = learned; i < requests.size(); ++i) {
    const Request& request = requests[i];
    by_kind[request.kind].add(history, request.estimate, request.tokens[tokenizer]);
    all.add(history, request.estimate, request.tokens[tokenizer]);
  }
  bool good = all.under_share() >= kUnderBoundMin;
  for (const auto& [kind, tally] : by_kind) {
    std::printf(
        "%-12s %6zu learned  %-8s %5zu requests  mean error %5.2f %%  under bound %6.2f %%\n",
        kTokenizers[tokenizer], learned, kind.c_str(), tally.requests, 100 * tally.mean_error(),
        100 * tally.under_share());
    good = good && tally.mean_error() <= kMeanErrorMax;
  }
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::vector<Request> requests = read_requests(argv[1]);
  std::shuffle(requests.begin(), requests.end(), std::mt19937(1));
  bool good = requests.size() > 4 * kLearned;
  for (std::size_t tokenizer = 0; tokenizer < kTokenizers.size(); ++tokenizer) {
    for (const std::size_t learned : {std::size_t{0}, kLearned, requests.size() / 2}) {
      good = judge(requests, tokenizer, learned) && good;
    }
  }
  return good ? 0 : 1;
}

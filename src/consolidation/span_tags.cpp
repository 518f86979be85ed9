#include "consolidation/span_tags.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace gtlabel::detail {
namespace {

constexpr double kLeast = 1e-300;

double log_of(double probability) { return std::log(std::max(probability, kLeast)); }

bool is_inside(std::ptrdiff_t tag) { return tag > 0 && tag % 2 == 0; }

/// Viterbi: any tag may follow any other, but I only B or I of its class.
std::vector<std::int32_t> most_probable_tags(MatrixView<const double> probabilities) {
  const std::ptrdiff_t n = probabilities.rows, k = probabilities.cols;
  std::vector<double> scores(static_cast<std::size_t>(k)), next(scores.size());
  Matrix<std::int32_t> before(n, k);
  for (std::ptrdiff_t t = 0; t < k; ++t) scores[t] = is_inside(t) ? -INFINITY : log_of(probabilities(0, t));
  for (std::ptrdiff_t i = 1; i < n; ++i) {
    const auto best = static_cast<std::int32_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
    for (std::ptrdiff_t t = 0; t < k; ++t) {
      const auto tag = static_cast<std::int32_t>(t);
      before(i, t) = !is_inside(t) ? best : (scores[tag] > scores[tag - 1] ? tag : tag - 1);
      next[t] = scores[before(i, t)] + log_of(probabilities(i, t));
    }
    scores.swap(next);
  }
  std::vector<std::int32_t> tags(static_cast<std::size_t>(n));
  tags.back() = static_cast<std::int32_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  for (std::ptrdiff_t i = n - 1; i > 0; --i) tags[i - 1] = before(i, tags[i]);
  return tags;
}

}  // namespace

std::vector<TaggedSpan> most_probable_spans(MatrixView<const double> probabilities) {
  std::vector<TaggedSpan> spans;
  if (probabilities.rows == 0) return spans;
  const auto tags = most_probable_tags(probabilities);
  const auto n = static_cast<std::int32_t>(tags.size());
  for (std::int32_t start = 0; start < n; ++start) {
    if (tags[start] == kOutside || is_inside(tags[start])) continue;
    const ClassIndex c = (tags[start] - 1) / 2;
    double confidence = probabilities(start, tags[start]);
    std::int32_t end = start + 1;
    for (; end < n && tags[end] == inside_tag(c); ++end) confidence *= probabilities(end, tags[end]);
    if (end < n) confidence *= 1.0 - probabilities(end, inside_tag(c));
    spans.push_back({start, end, c, confidence});
  }
  return spans;
}

}  // namespace gtlabel::detail

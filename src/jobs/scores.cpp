#include "jobs/scores.hpp"

#include <algorithm>
#include <numeric>
#include <span>

#include "gtlabel/models/confidence_calibration.hpp"

namespace gtlabel::detail {
namespace {

/// Gives the probability of closed classes to the others, in proportion.
void close(Matrix<float>& probabilities, std::span<const ClassIndex> closed_classes) {
  if (closed_classes.empty()) return;
  const auto n_open = static_cast<float>(probabilities.cols - std::ssize(closed_classes));
  for (std::ptrdiff_t r = 0; r < probabilities.rows; ++r) {
    const auto row = probabilities.row(r);
    for (const ClassIndex c : closed_classes) row[static_cast<std::size_t>(c)] = 0.0F;
    const float sum = std::accumulate(row.begin(), row.end(), 0.0F);
    for (float& p : row) p = sum > 0.0F ? p / sum : 1.0F / n_open;
    for (const ClassIndex c : closed_classes) row[static_cast<std::size_t>(c)] = 0.0F;
  }
}

/// How far the model's probabilities are right about labels it has not seen, and the share that it gets right.
std::pair<ConfidenceCalibration, double> calibrate(const IncrementalModel& model, const ItemColumns& items,
                                                   std::span<const ClassIndex> closed_classes) {
  std::vector<ItemIndex> labelled;
  for (const ItemIndex item : model.training().items()) {
    if (items.human[item] >= 0) labelled.push_back(item);  // what turned out to be none of the classes is no evidence
  }
  Matrix<float> out_of_fold(static_cast<std::ptrdiff_t>(labelled.size()), model.n_classes());
  model.predict_out_of_fold(labelled, out_of_fold);
  close(out_of_fold, closed_classes);
  std::vector<ClassIndex> truth;
  std::vector<std::uint8_t> is_random;
  double n_right = 0.0;
  for (std::size_t i = 0; i < labelled.size(); ++i) {
    truth.push_back(items.human[labelled[i]]);
    is_random.push_back(items.is_random[labelled[i]]);
    n_right += best_class(out_of_fold.row(static_cast<std::ptrdiff_t>(i))) == truth.back() ? 1.0 : 0.0;
  }
  return {ConfidenceCalibration::fit(out_of_fold, truth, is_random), n_right / static_cast<double>(labelled.size())};
}

}  // namespace

ClassIndex best_class(std::span<const float> probabilities) noexcept {
  return static_cast<ClassIndex>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
}

Opinion opinion_of(const IncrementalModel& model, const ItemColumns& items,
                   std::span<const ClassIndex> closed_classes) {
  const auto [calibration, accuracy] = calibrate(model, items, closed_classes);
  Opinion opinion{items.without_human(), {}, {}, accuracy};
  opinion.probabilities = Matrix<float>(static_cast<std::ptrdiff_t>(opinion.items.size()), model.n_classes());
  if (!opinion.items.empty()) model.predict_proba(opinion.items, opinion.probabilities);
  close(opinion.probabilities, closed_classes);
  opinion.confidence = calibration.confidence(opinion.probabilities);
  return opinion;
}

void Share::drop_front(std::ptrdiff_t n) {
  undecided.erase(undecided.begin(), undecided.begin() + n);
  best.erase(best.begin(), best.begin() + n);
  confidence.erase(confidence.begin(), confidence.begin() + n);
}

std::vector<double> risks_of(const Share& share, double ratio) {
  std::vector<double> risks;
  risks.reserve(share.confidence.size());
  for (const float confidence : share.confidence) risks.push_back(std::min(1.0, ratio * (1.0 - confidence)));
  return risks;
}

void Scores::drop_committed(const ItemColumns& items) {
  std::ptrdiff_t kept = 0;
  for (std::ptrdiff_t row = 0; row < probabilities.rows; ++row) {
    const ItemIndex item = undecided[static_cast<std::size_t>(row)];
    if (items.automatic[item] != kNoClass) continue;
    undecided[static_cast<std::size_t>(kept)] = item;
    const auto from = probabilities.row(row);
    if (kept != row) std::copy(from.begin(), from.end(), probabilities.row(kept).begin());
    ++kept;
  }
  undecided.resize(static_cast<std::size_t>(kept));
  probabilities.values.resize(static_cast<std::size_t>(kept * probabilities.cols));
  probabilities.rows = kept;
}

Scores score(const IncrementalModel& model, const ItemColumns& items, const AuditLedgers& ledgers,
             std::span<const ClassIndex> closed_classes) {
  const auto [open, probabilities, confidence, accuracy] = opinion_of(model, items, closed_classes);
  Scores scores;
  scores.accuracy = accuracy;
  scores.shares.resize(ledgers.size());
  std::vector<std::ptrdiff_t> ranking;
  for (std::size_t i = 0; i < open.size(); ++i) {
    const auto row = static_cast<std::ptrdiff_t>(i);
    const ClassIndex committed = items.automatic[open[i]];
    if (committed == kNoClass) {
      ranking.push_back(row);
      continue;
    }
    Share& share = scores.shares[ledgers.index_of(committed)];
    const bool agrees = best_class(probabilities.row(row)) == committed;
    share.doubts.emplace_back(1.0 - (agrees ? confidence[i] : probabilities(row, committed)), open[i]);
    share.expected_wrong += share.doubts.back().first;
  }
  std::stable_sort(ranking.begin(), ranking.end(),
                   [&confidence = confidence](auto a, auto b) { return confidence[a] > confidence[b]; });
  scores.probabilities = Matrix<float>(static_cast<std::ptrdiff_t>(ranking.size()), model.n_classes());
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    const auto row = probabilities.row(ranking[i]);
    const ItemIndex item = open[static_cast<std::size_t>(ranking[i])];
    scores.undecided.push_back(item);
    std::copy(row.begin(), row.end(), scores.probabilities.row(static_cast<std::ptrdiff_t>(i)).begin());
    Share& share = scores.shares[ledgers.index_of(best_class(row))];
    share.undecided.push_back(item);
    share.best.push_back(best_class(row));
    share.confidence.push_back(confidence[static_cast<std::size_t>(ranking[i])]);
  }
  for (Share& share : scores.shares) {
    std::stable_sort(share.doubts.begin(), share.doubts.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
  }
  return scores;
}

}  // namespace gtlabel::detail

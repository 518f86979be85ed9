#include "jobs/scores.hpp"

#include <algorithm>
#include <span>

#include "gtlabel/models/confidence_calibration.hpp"

namespace gtlabel::detail {
namespace {

// Items asked because they are hard say less about the rest of the pool, even at equal confidence.
constexpr float kHardItemWeight = 0.3F;

ClassIndex best_class(std::span<const float> row) {
  return static_cast<ClassIndex>(std::max_element(row.begin(), row.end()) - row.begin());
}

/// How far the model's probabilities are right about labels it has not seen, and the share that it gets right.
std::pair<ConfidenceCalibration, double> calibrate(const IncrementalModel& model, const ItemColumns& items) {
  const auto labelled = model.training().items();
  Matrix<float> out_of_fold(static_cast<std::ptrdiff_t>(labelled.size()), model.n_classes());
  model.predict_out_of_fold(labelled, out_of_fold);
  std::vector<ClassIndex> truth;
  std::vector<float> weights;
  double n_right = 0.0;
  for (std::size_t i = 0; i < labelled.size(); ++i) {
    truth.push_back(items.human[labelled[i]]);
    weights.push_back(items.is_random[labelled[i]] != 0 ? 1.0F : kHardItemWeight);
    n_right += best_class(out_of_fold.row(static_cast<std::ptrdiff_t>(i))) == truth.back() ? 1.0 : 0.0;
  }
  return {ConfidenceCalibration::fit(out_of_fold, truth, weights), n_right / static_cast<double>(labelled.size())};
}

}  // namespace

void Scores::drop_front(std::ptrdiff_t n) {
  undecided.erase(undecided.begin(), undecided.begin() + n);
  best.erase(best.begin(), best.begin() + n);
  confidence.erase(confidence.begin(), confidence.begin() + n);
  probabilities.values.erase(probabilities.values.begin(), probabilities.values.begin() + n * probabilities.cols);
  probabilities.rows -= n;
}

Scores score(const IncrementalModel& model, const ItemColumns& items) {
  const auto [calibration, accuracy] = calibrate(model, items);
  Scores scores;
  scores.accuracy = accuracy;
  const auto open = items.without_human();
  Matrix<float> probabilities(static_cast<std::ptrdiff_t>(open.size()), model.n_classes());
  if (!open.empty()) model.predict_proba(open, probabilities);
  const auto confidence = calibration.confidence(probabilities);

  std::vector<std::ptrdiff_t> ranking;
  for (std::size_t i = 0; i < open.size(); ++i) {
    const auto row = static_cast<std::ptrdiff_t>(i);
    const ClassIndex committed = items.automatic[open[i]];
    if (committed == kNoClass) {
      ranking.push_back(row);
      continue;
    }
    const bool agrees = best_class(probabilities.row(row)) == committed;
    scores.doubts.emplace_back(1.0 - (agrees ? confidence[i] : probabilities(row, committed)), open[i]);
    scores.expected_wrong += scores.doubts.back().first;
  }
  std::stable_sort(ranking.begin(), ranking.end(), [&](auto a, auto b) { return confidence[a] > confidence[b]; });
  std::stable_sort(scores.doubts.begin(), scores.doubts.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  scores.probabilities = Matrix<float>(static_cast<std::ptrdiff_t>(ranking.size()), model.n_classes());
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    const auto row = probabilities.row(ranking[i]);
    scores.undecided.push_back(open[static_cast<std::size_t>(ranking[i])]);
    scores.best.push_back(best_class(row));
    scores.confidence.push_back(confidence[static_cast<std::size_t>(ranking[i])]);
    std::copy(row.begin(), row.end(), scores.probabilities.row(static_cast<std::ptrdiff_t>(i)).begin());
  }
  return scores;
}

}  // namespace gtlabel::detail

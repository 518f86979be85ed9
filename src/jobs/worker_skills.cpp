#include "jobs/worker_skills.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel::detail {
namespace {

constexpr double kGuessWeight = 0.5;
constexpr double kLeast = 1e-3;  // of a probability

double chance_to_be_right(const Word& word, const WorkerSkills& skills, double chance) {
  double accuracy = skills.of(word.worker);
  if (!is_sure(word)) {
    accuracy = chance + kGuessWeight * (std::min(accuracy, static_cast<double>(word.certainty)) - chance);
  }
  return std::clamp(accuracy, kLeast, 1.0 - kLeast);
}

}  // namespace

std::vector<double> weigh(std::span<const Word> words, const WorkerSkills& skills, std::size_t n_classes) {
  const bool has_none = std::any_of(words.begin(), words.end(), [](const Word& w) { return w.answer == kNoneOfThese; });
  const std::size_t n = n_classes + (has_none ? 1 : 0);
  std::vector<std::pair<std::size_t, double>> log_odds;  // sorted, because sums of floats depend on the order
  for (const Word& word : words) {
    if (word.answer == kUnsure) continue;
    const double right = chance_to_be_right(word, skills, 1.0 / static_cast<double>(n));
    const double wrong = (1.0 - right) / static_cast<double>(n - 1);
    log_odds.emplace_back(word.answer == kNoneOfThese ? n_classes : static_cast<std::size_t>(word.answer),
                          std::log(right / wrong));
  }
  std::sort(log_odds.begin(), log_odds.end());
  std::vector<double> probabilities(n, 0.0);
  for (const auto& [answer, odds] : log_odds) probabilities[answer] += odds;
  const double largest = *std::max_element(probabilities.begin(), probabilities.end());
  double sum = 0.0;
  for (double& value : probabilities) sum += value = std::exp(value - largest);
  for (double& value : probabilities) value /= sum;
  return probabilities;
}

void save(SnapshotWriter& writer, const WorkerSkills& skills) {
  writer.write(std::span<const double>(skills.accuracy));
  writer.write(skills.of_others);
}

WorkerSkills load_skills(SnapshotReader& reader) {
  WorkerSkills skills;
  reader.read(skills.accuracy);
  reader.read(skills.of_others);
  const auto is_share = [](double value) { return value >= 0.0 && value <= 1.0; };
  require_sound(is_share(skills.of_others) && std::all_of(skills.accuracy.begin(), skills.accuracy.end(), is_share),
                "skills of workers: outside 0 to 1");
  return skills;
}

}  // namespace gtlabel::detail

#include "gtlabel/workforce/simulated_workforce.hpp"

#include <cmath>
#include <unordered_set>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"

namespace gtlabel {
namespace {

constexpr double kSumTolerance = 1e-6;
constexpr std::uint64_t kDrawsPerItem = 2;

void require_worker(const SimulatedWorker& worker, int n_classes) {
  const std::string who = "worker '" + worker.name + "': ";
  if (!(worker.seconds > 0.0) || !std::isfinite(worker.seconds)) {
    throw InvalidArgument(who + std::to_string(worker.seconds) + " seconds given, expected above 0");
  }
  if (!(worker.accuracy >= 0.0 && worker.accuracy <= 1.0)) {
    throw InvalidArgument(who + "accuracy " + std::to_string(worker.accuracy) + " given, expected 0 to 1");
  }
  const Matrix<double>& confusion = worker.confusion;
  if (confusion.values.empty()) return;
  if (confusion.rows != n_classes || confusion.cols != n_classes) {
    throw InvalidArgument(who + "confusion " + std::to_string(confusion.rows) + " x " + std::to_string(confusion.cols) +
                              " given, expected one row and column per class",
                          ErrorCode::shape_mismatch);
  }
  for (std::ptrdiff_t t = 0; t < confusion.rows; ++t) {
    double sum = 0.0;
    for (const double share : confusion.row(t)) sum += share >= 0.0 ? share : INFINITY;
    if (std::abs(sum - 1.0) > kSumTolerance) {
      throw InvalidArgument(who + "row " + std::to_string(t) + " of the confusion does not hold shares that sum to 1");
    }
  }
}

}  // namespace

SimulatedWorkforce::SimulatedWorkforce(int n_classes, std::vector<SimulatedWorker> workers, std::uint64_t seed,
                                       std::vector<double> difficulty)
    : n_classes_(n_classes), workers_(std::move(workers)), seed_(seed), difficulty_(std::move(difficulty)) {
  if (n_classes < 2) throw InvalidArgument("n_classes: " + std::to_string(n_classes) + " given, expected at least 2");
  if (workers_.empty()) throw InvalidArgument("workers: none given, expected at least one");
  std::unordered_set<std::string> names;
  for (const SimulatedWorker& worker : workers_) {
    if (worker.name.empty() || !names.insert(worker.name).second) {
      throw InvalidArgument("workers: the name '" + worker.name + "' is empty or given twice");
    }
    require_worker(worker, n_classes);
  }
  for (std::size_t w = 0; w < workers_.size(); ++w) sources_.push_back(source_of(w));
  for (std::size_t i = 0; i < difficulty_.size(); ++i) {
    if (difficulty_[i] >= 0.0 && difficulty_[i] <= 1.0) continue;
    throw InvalidArgument("difficulty: item " + std::to_string(i) + " has " + std::to_string(difficulty_[i]) +
                          ", expected 0 to 1");
  }
}

std::size_t SimulatedWorkforce::source_of(std::size_t worker) const {
  const std::string& source = workers_[worker].copies;
  if (source.empty()) return worker;
  for (std::size_t w = 0; w < workers_.size(); ++w) {
    if (w != worker && workers_[w].name == source && workers_[w].copies.empty()) return w;
  }
  throw InvalidArgument("worker '" + workers_[worker].name + "': copies '" + source +
                        "' given, expected another worker who copies nobody");
}

double SimulatedWorkforce::draw(std::size_t worker, ItemIndex item, std::uint64_t which) const {
  // A stream per worker, with a place for every item.
  const std::uint64_t stream = seed_ + 0x9E3779B97F4A7C15ull * (worker + 1);
  RandomStream random(stream, RandomPurpose::workforce, kDrawsPerItem * static_cast<std::uint64_t>(item) + which);
  return random.uniform();
}

ClassIndex SimulatedWorkforce::answer(std::size_t worker, ItemIndex item, ClassIndex truth) const {
  if (worker >= workers_.size()) throw InvalidArgument("worker " + std::to_string(worker) + ": there is none");
  if (item < 0 || (!difficulty_.empty() && item >= std::ssize(difficulty_))) {
    throw InvalidArgument("item " + std::to_string(item) + ": has no difficulty", ErrorCode::item_out_of_range);
  }
  if (truth < 0 || truth >= n_classes_) throw UnknownClass("truth: class " + std::to_string(truth));
  worker = sources_[worker];
  const SimulatedWorker& who = workers_[worker];
  const double hard = difficulty_.empty() ? 0.0 : difficulty_[static_cast<std::size_t>(item)];
  const double chance = 1.0 / n_classes_;
  double left = draw(worker, item, 0);
  for (ClassIndex c = 0; c + 1 < n_classes_; ++c) {
    const double able = !who.confusion.values.empty() ? who.confusion(truth, c)
                        : c == truth                  ? who.accuracy
                                                      : (1.0 - who.accuracy) / (n_classes_ - 1);
    left -= able + hard * (chance - able);
    if (left < 0.0) return c;
  }
  return n_classes_ - 1;
}

double SimulatedWorkforce::seconds(std::size_t worker, ItemIndex item) const {
  if (worker >= workers_.size()) throw InvalidArgument("worker " + std::to_string(worker) + ": there is none");
  return -std::log(draw(worker, item, 1)) * workers_[worker].seconds;
}

}  // namespace gtlabel

#include "workforce/copying.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/log_sum_exp.hpp"
#include "gtlabel/core/random.hpp"

namespace gtlabel::detail {
namespace {

constexpr double kLeast = 1e-3;  // of a probability
// Answers' worth by which what a worker says of a class is drawn to what his accuracy and the others' mistakes make
// expect.
constexpr double kHabitPrior = 5.0;
constexpr std::int32_t kOtherClass = -1;  // any that nobody has named of an item

constexpr std::size_t kMostCompared = 24;  // words about an item, pair by pair
// Shares c of the items in which one repeats the other. People who work alone, but misunderstand alike or are right
// where all others err, look as if it were up to two fifths: on real crowds up to 0.3 where they are many, and in pairs
// of few items more, by chance.
constexpr std::array kShares = {0.0, 0.1, 0.2, 0.3, 0.4, 0.55, 0.7, 0.85, 1.0};
constexpr std::size_t kAlone = 5;  // of these shares
using LogRatios = std::array<double, kShares.size()>;

std::uint64_t key_of(std::int32_t high, std::int32_t low) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(high)) << 32) | static_cast<std::uint32_t>(low);
}

std::vector<std::int32_t> named_classes(std::span<const SharedWord> words, ClassIndex known) {
  if (known != kNoClass) return {known};
  std::vector<std::int32_t> named;
  for (const SharedWord& word : words) named.push_back(word.answer);
  std::sort(named.begin(), named.end());
  named.erase(std::unique(named.begin(), named.end()), named.end());
  return named;
}

/// Turns logarithms into probabilities; the last stands for `n_others` classes.
void normalise(std::vector<double>& values, double n_others) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0.0;
  for (double& value : values) value = std::exp(value - largest);
  values.back() *= n_others;
  for (const double value : values) sum += value;
  for (double& value : values) value /= sum;
}

/// How often each worker gives each answer where the class is t.
class Habits {
 public:
  Habits(const std::vector<double>& accuracy, std::int32_t n_classes)
      : accuracy_(accuracy), n_classes_(n_classes), of_worker_(accuracy.size()) {}

  /// Learns what was said of one item, its class being what all of them make probable.
  void learn(std::span<const SharedWord> words, ClassIndex known) {
    const auto named = named_classes(words, known);
    std::vector<double> p(named.size() + 1, 0.0);
    for (const SharedWord& word : words) {
      const auto place = std::lower_bound(named.begin(), named.end(), word.answer);
      if (place == named.end() || *place != word.answer) continue;
      const double right = accuracy_[static_cast<std::size_t>(word.worker)];
      p[static_cast<std::size_t>(place - named.begin())] +=
          std::log(right * static_cast<double>(n_classes_ - 1) / (1.0 - right));
    }
    normalise(p, 0.0);
    for (std::size_t t = 0; t < named.size(); ++t) learn(words, named[t], p[t]);
  }

  /// P(the worker says it | class t).
  [[nodiscard]] double says(const SharedWord& word, std::int32_t t) const {
    const Counts& own = of_worker_[static_cast<std::size_t>(word.worker)];
    const double right = accuracy_[static_cast<std::size_t>(word.worker)];
    if (t == kOtherClass) {
      const double even = (1.0 - right) / static_cast<double>(n_classes_ - 1);
      // Of the answers that were wrong, spread over the classes that they may have been about.
      const double share = (at(own.wrong, word.answer) + kHabitPrior / static_cast<double>(n_classes_ - 1)) /
                           (own.n_wrong + kHabitPrior);
      return std::max(kLeast * even, (1.0 - right) * share);
    }
    double usual = right;
    if (word.answer != t) {
      const double slip =
          (at(all_.said, key_of(t, word.answer)) + 1.0) / (at(all_.asked, t) + static_cast<double>(n_classes_ - 1));
      usual = (1.0 - right) * slip;
    }
    return (at(own.said, key_of(t, word.answer)) + kHabitPrior * usual) / (at(own.asked, t) + kHabitPrior);
  }

 private:
  void learn(std::span<const SharedWord> words, std::int32_t t, double p) {
    for (const SharedWord& word : words) {
      Counts& own = of_worker_[static_cast<std::size_t>(word.worker)];
      own.said[key_of(t, word.answer)] += p;
      own.asked[t] += p;
      if (word.answer == t) continue;
      own.wrong[word.answer] += p;
      own.n_wrong += p;
      all_.said[key_of(t, word.answer)] += p;
      all_.asked[t] += p;
    }
  }

  struct Counts {
    std::unordered_map<std::uint64_t, double> said;  // by class and answer
    std::unordered_map<std::int32_t, double> asked;  // by class
    std::unordered_map<std::int32_t, double> wrong;  // by answer
    double n_wrong = 0.0;
  };
  template <class Map, class Key>
  static double at(const Map& map, Key key) {
    const auto place = map.find(key);
    return place == map.end() ? 0.0 : place->second;
  }

  const std::vector<double>& accuracy_;
  std::int32_t n_classes_;
  std::vector<Counts> of_worker_;
  Counts all_;  // of wrong answers
};

/// What the words about one item are evidence of, pair by pair.
class ItemEvidence {
 public:
  ItemEvidence(std::span<const SharedWord> words, ClassIndex known, const Habits& habits, std::int32_t n_classes)
      : words_(words), states_(named_classes(words, known)), says_(words.size()) {
    n_others_ = known != kNoClass ? 0.0 : n_classes - static_cast<double>(states_.size());
    states_.push_back(kOtherClass);
    all_.assign(states_.size(), 0.0);
    for (std::size_t i = 0; i < words.size(); ++i) {
      for (std::size_t t = 0; t < states_.size(); ++t) {
        says_[i].push_back(habits.says(words[i], states_[t]));
        all_[t] += std::log(says_[i].back());
      }
    }
  }

  /// P(both say what they said, one repeating the other) over P(both say it, alone), by what the others said.
  [[nodiscard]] double ratio(std::size_t i, std::size_t j) const {
    if (words_[i].answer != words_[j].answer) return 0.0;
    std::vector<double> p = all_;
    for (std::size_t t = 0; t < p.size(); ++t) p[t] -= std::log(says_[i][t]) + std::log(says_[j][t]);
    normalise(p, n_others_);
    double alone = 0.0, repeated = 0.0;
    for (std::size_t t = 0; t < p.size(); ++t) {
      alone += p[t] * says_[i][t] * says_[j][t];
      repeated += p[t] * 0.5 * (says_[i][t] + says_[j][t]);
    }
    return repeated / alone;
  }

 private:
  std::span<const SharedWord> words_;
  std::vector<std::int32_t> states_;       // named classes, then the others together
  std::vector<std::vector<double>> says_;  // per word and state
  std::vector<double> all_;                // per state: logarithm of the probability of all words
  double n_others_ = 0.0;
};

void add(LogRatios& evidence, double ratio) {
  for (std::size_t c = 0; c < kShares.size(); ++c) {
    const double factor = 1.0 - kShares[c] + kShares[c] * ratio;
    evidence[c] += factor > 0.0 ? std::log(factor) : -std::numeric_limits<double>::infinity();
  }
}

/// For copying, against the best of what is no copying.
double log_evidence(const LogRatios& evidence) {
  const std::span all(evidence);
  const auto copying = all.subspan(kAlone);
  const double mean = log_sum_exp(copying) - std::log(static_cast<double>(copying.size()));
  return mean - *std::max_element(all.begin(), all.begin() + kAlone);
}

/// All places of a few words, kMostCompared of many, drawn whatever the words are.
std::vector<std::size_t> drawn_places(std::size_t n_words, RandomStream& random) {
  std::vector<std::size_t> places(n_words);
  std::iota(places.begin(), places.end(), std::size_t{0});
  if (n_words <= kMostCompared) return places;
  for (std::size_t p = 0; p < kMostCompared; ++p) std::swap(places[p], places[p + random.below(n_words - p)]);
  places.resize(kMostCompared);
  return places;
}

}  // namespace

CopyingSearch::CopyingSearch(std::vector<double> accuracy, std::int32_t n_classes)
    : accuracy_(std::move(accuracy)), n_classes_(n_classes) {
  for (double& value : accuracy_) value = std::clamp(value, kLeast, 1.0 - kLeast);
}

void CopyingSearch::add_item(std::span<const SharedWord> words, ClassIndex known) {
  if (words.size() < 2) return;
  items_.push_back({words_.size(), words_.size() + words.size(), known});
  words_.insert(words_.end(), words.begin(), words.end());
}

std::vector<std::int32_t> CopyingSearch::partners(double false_alarm) const {
  Habits habits(accuracy_, n_classes_);
  for (const Item& item : items_) habits.learn(words_of(item), item.known);
  std::unordered_map<std::uint64_t, LogRatios> pairs;
  RandomStream random(0, RandomPurpose::workforce);
  for (const Item& item : items_) {
    const auto words = words_of(item);
    if (words.size() < 3 && item.known == kNoClass) continue;
    const ItemEvidence evidence(words, item.known, habits, n_classes_);
    const auto compared = drawn_places(words.size(), random);
    for (std::size_t a = 0; a < compared.size(); ++a) {
      for (std::size_t b = a + 1; b < compared.size(); ++b) {
        const std::size_t i = compared[a], j = compared[b];
        const auto [low, high] = std::minmax(words[i].worker, words[j].worker);
        add(pairs[key_of(high, low)], evidence.ratio(i, j));
      }
    }
  }
  std::vector<std::int32_t> partners(accuracy_.size(), -1);
  std::vector<double> best(accuracy_.size(), 0.0);
  const double least = std::log(static_cast<double>(pairs.size()) / false_alarm);
  for (const auto& [key, evidence] : pairs) {
    const double total = log_evidence(evidence);
    if (!(total >= least)) continue;
    const auto high = static_cast<std::int32_t>(key >> 32), low = static_cast<std::int32_t>(key & 0xFFFFFFFFU);
    for (const auto& [who, with] : {std::pair(low, high), std::pair(high, low)}) {
      const auto w = static_cast<std::size_t>(who);
      // Of equal evidence the first by number, whatever the order of the table.
      if (partners[w] >= 0 && (total < best[w] || (total == best[w] && with > partners[w]))) continue;
      best[w] = total;
      partners[w] = with;
    }
  }
  return partners;
}

}  // namespace gtlabel::detail

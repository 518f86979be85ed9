#include "jobs/learned_skills.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "consolidation/coin_model.hpp"
#include "gtlabel/metrics/wilson_interval.hpp"
#include "jobs/answer_record.hpp"

namespace gtlabel::detail {
namespace {

constexpr double kTolerance = 1e-9;  // of a likelihood, relatively
constexpr int kMostPasses = 50;

/// Nobody is trusted or distrusted on a few answers, so each is drawn to all. Of all, before there are any answers, two
/// thirds are right: two people who agree on the first sample look faultless. Nobody is taken to be right in less than
/// by guessing, for with few answers his word would be turned round by chance; nor above 97 %, so that by default it
/// takes two people to settle an item, because one whom nobody checks any more would keep the accuracy that he was
/// thought to have.
CoinPrior skill_prior(std::size_t n_classes) {
  return {.right = 8.0,
          .wrong = 4.0,
          .draw = 10.0,
          .least = 1.0 / static_cast<double>(n_classes),
          .most = 0.97,
          .learns_all = true};
}

/// Position of each name among the sorted ones, so that nothing depends on who answered first.
std::vector<std::int32_t> ranks_of(const std::vector<std::string>& names) {
  std::vector<std::int32_t> order(names.size()), ranks(names.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return names[a] < names[b]; });
  for (std::size_t r = 0; r < order.size(); ++r) ranks[order[r]] = static_cast<std::int32_t>(r);
  return ranks;
}

/// Sure words about items of which there are several, or whose class is known, by consecutive numbers.
struct SharedVotes {
  std::vector<std::int32_t> items, workers;
  std::vector<ClassIndex> answers;
  std::vector<std::int32_t> worker_names;  // of the answer table
  std::vector<ClassIndex> gold;            // per item
  ClassIndex n_classes = 0;
};

SharedVotes shared_votes(const AnswerRecord& record) {
  const std::size_t n_classes = record.n_classes();
  SharedVotes votes;
  votes.n_classes = static_cast<ClassIndex>(n_classes);
  const auto ranks = ranks_of(record.table().workers());
  std::int32_t n_shared = 0;
  for (ItemIndex item = 0; item < record.n_items(); ++item) {
    if (!record.is_answered(item)) continue;
    auto words = record.words(item);
    std::erase_if(words, [](const Word& word) { return !is_sure(word); });
    if (words.size() < (record.gold(item) == kNoClass ? 2 : 1)) continue;
    votes.gold.push_back(record.gold(item));
    std::sort(words.begin(), words.end(), [&](const Word& a, const Word& b) {
      return std::pair(ranks[a.worker], a.answer) < std::pair(ranks[b.worker], b.answer);
    });
    for (const Word& word : words) {
      votes.items.push_back(n_shared);
      votes.workers.push_back(ranks[word.worker]);
      const bool is_none = word.answer == kNoneOfThese;
      votes.answers.push_back(is_none ? static_cast<ClassIndex>(n_classes) : word.answer);
      if (is_none) votes.n_classes = static_cast<ClassIndex>(n_classes) + 1;
    }
    ++n_shared;
  }
  // Workers without such a word get no number.
  std::vector<std::int32_t> number(ranks.size(), -1), name_of(ranks.size());
  for (std::size_t w = 0; w < ranks.size(); ++w) name_of[ranks[w]] = static_cast<std::int32_t>(w);
  for (const std::int32_t rank : votes.workers) number[rank] = 0;
  for (std::size_t rank = 0; rank < number.size(); ++rank) {
    if (number[rank] < 0) continue;
    number[rank] = static_cast<std::int32_t>(votes.worker_names.size());
    votes.worker_names.push_back(name_of[rank]);
  }
  for (std::int32_t& worker : votes.workers) worker = number[worker];
  return votes;
}

}  // namespace

std::vector<std::uint8_t> LearnedSkills::are_spam(std::size_t n_classes) const {
  const double halfway = 0.5 * (1.0 / static_cast<double>(n_classes) + skills.of_others);
  std::vector<std::uint8_t> flags;
  for (std::size_t w = 0; w < n_shared.size(); ++w) {
    flags.push_back(n_shared[w] > 0.0 && wilson_interval(n_right[w], n_shared[w]).high < halfway ? 1 : 0);
  }
  return flags;
}

double drawn_to_all(double n_right, double n_shared, double of_others, std::size_t n_classes) {
  return skill_prior(n_classes).of_one(n_right, n_shared, of_others);
}

LearnedSkills learn_skills(const AnswerRecord& record) {
  LearnedSkills learned;
  const SharedVotes votes = shared_votes(record);
  if (votes.items.empty()) return learned;
  // Every class is as probable as any other beforehand: shares of classes that are learned from the few items of which
  // several people have spoken cost answers and accuracy on real crowds, above all where one class is common
  // (tests/benchmarks/people.py).
  const VoteTable table(votes.items, votes.workers, votes.answers, votes.n_classes);
  ConsolidationOptions options;
  options.gold = votes.gold;
  options.max_iterations = kMostPasses;
  options.tolerance = kTolerance;
  const CoinPrior prior = skill_prior(static_cast<std::size_t>(votes.n_classes));
  CoinModel search(table, options, prior);
  run_em(table, search, vote_shares(table, options), options, {.has_equal_shares = true});
  const auto shrunk = [&](double n_right, double n_answers) {
    return prior.of_one(n_right, n_answers, search.of_all());
  };
  const std::size_t n = record.table().workers().size();
  learned.n_right.assign(n, 0.0);
  learned.n_shared.assign(n, 0.0);
  learned.skills.of_others = search.of_all();
  learned.skills.accuracy.assign(n, shrunk(0.0, 0.0));
  for (std::size_t w = 0; w < votes.worker_names.size(); ++w) {
    const auto name = static_cast<std::size_t>(votes.worker_names[w]);
    learned.n_right[name] = search.n_right()[w];
    learned.n_shared[name] = search.n_answers()[w];
    learned.skills.accuracy[name] = shrunk(search.n_right()[w], search.n_answers()[w]);
  }
  return learned;
}

}  // namespace gtlabel::detail

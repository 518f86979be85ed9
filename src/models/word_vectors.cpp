#include "models/word_vectors.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "models/orthonormal_columns.hpp"
#include "models/projection.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {
namespace {

using std::ptrdiff_t;

constexpr ptrdiff_t kMaxRows = 20'000;
constexpr ptrdiff_t kMaxWords = 20'000;
constexpr std::size_t kMaxWordsOfRow = 256;
constexpr double kMaxPairs = 5e7;
// Products with the co-occurrences; more did not make the models better.
constexpr int kPasses = 4;
constexpr std::size_t kChunk = 512;
constexpr double kCrowded = 0.5;

template <class Body>
void for_entries(const CsrView<const float>& pool, ptrdiff_t item, Body body) {
  const auto begin = static_cast<std::size_t>(pool.indptr[static_cast<std::size_t>(item)]);
  const auto end = static_cast<std::size_t>(pool.indptr[static_cast<std::size_t>(item) + 1]);
  for (std::size_t e = begin; e < end; ++e) {
    if (pool.values[e] != 0.0F) body(static_cast<std::size_t>(pool.indices[e]), pool.values[e]);
  }
}

/// Lists of numbers of one owner each, one after the other.
struct Lists {
  std::vector<std::size_t> begins{0};
  std::vector<std::int32_t> members;

  [[nodiscard]] std::size_t size() const noexcept { return begins.size() - 1; }
  [[nodiscard]] std::span<const std::int32_t> operator[](std::size_t owner) const noexcept {
    return std::span(members).subspan(begins[owner], begins[owner + 1] - begins[owner]);
  }
};

/// The words of a pool, numbered, and those of each row of an even sample.
class Words {
 public:
  explicit Words(const CsrView<const float>& pool) : pool_(pool) {
    number_columns();
    const auto all = rows_of(std::min(pool.rows(), kMaxRows));
    double n_pairs = 0.0;
    for (std::size_t r = 0; r < all.size(); ++r) {
      n_pairs += static_cast<double>(all[r].size()) * static_cast<double>(all[r].size());
    }
    if (n_pairs <= kMaxPairs) {
      rows_ = all;
    } else {
      rows_ = rows_of(std::max<ptrdiff_t>(1, std::lround(kMaxPairs / n_pairs * static_cast<double>(all.size()))));
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return n_words_; }
  [[nodiscard]] const Lists& of_rows() const noexcept { return rows_; }
  /// -1 for a column that is no word.
  [[nodiscard]] std::int32_t number_of(std::size_t column) const noexcept { return number_of_[column]; }

 private:
  void number_columns() {
    std::vector<std::int32_t> n_uses(static_cast<std::size_t>(pool_.cols), 0);
    const ptrdiff_t n_rows = std::min(pool_.rows(), kMaxRows);
    for (ptrdiff_t r = 0; r < n_rows; ++r) {
      for_entries(pool_, r * pool_.rows() / n_rows, [&](std::size_t column, float) { ++n_uses[column]; });
    }
    std::vector<std::int32_t> words;
    for (std::size_t c = 0; c < n_uses.size(); ++c) {
      if (n_uses[c] >= 2) words.push_back(static_cast<std::int32_t>(c));
    }
    std::stable_sort(words.begin(), words.end(), [&](auto a, auto b) { return n_uses[a] > n_uses[b]; });
    n_words_ = std::min(words.size(), static_cast<std::size_t>(kMaxWords));
    number_of_.assign(n_uses.size(), -1);
    for (std::size_t w = 0; w < n_words_; ++w) number_of_[words[w]] = static_cast<std::int32_t>(w);
  }

  [[nodiscard]] Lists rows_of(ptrdiff_t n_rows) const {
    Lists lists;
    std::vector<std::int32_t> row;
    for (ptrdiff_t r = 0; r < n_rows; ++r) {
      row.clear();
      for_entries(pool_, r * pool_.rows() / n_rows, [&](std::size_t column, float) {
        if (number_of_[column] >= 0) row.push_back(number_of_[column]);
      });
      const std::size_t kept = std::min(row.size(), kMaxWordsOfRow);
      for (std::size_t i = 0; i < kept; ++i) lists.members.push_back(row[i * row.size() / kept]);
      lists.begins.push_back(lists.members.size());
    }
    return lists;
  }

  CsrView<const float> pool_;
  std::vector<std::int32_t> number_of_;
  std::size_t n_words_ = 0;
  Lists rows_;
};

Lists transposed(const Lists& lists, std::size_t n_members) {
  Lists out;
  out.begins.assign(n_members + 1, 0);
  for (const std::int32_t member : lists.members) ++out.begins[static_cast<std::size_t>(member) + 1];
  std::partial_sum(out.begins.begin(), out.begins.end(), out.begins.begin());
  out.members.resize(lists.members.size());
  std::vector<std::size_t> next(out.begins.begin(), out.begins.end() - 1);
  for (std::size_t owner = 0; owner < lists.size(); ++owner) {
    for (const std::int32_t member : lists[owner]) {
      out.members[next[static_cast<std::size_t>(member)]++] = static_cast<std::int32_t>(owner);
    }
  }
  return out;
}

/// The positive pointwise mutual information of pairs of words: log of how much more often they share a row than words
/// of their frequencies would by chance. A word stands beside itself too: one that is always alone has a vector.
class Association {
 public:
  Association(const Words& words, Executor& executor) : parts_((words.size() + kChunk - 1) / kChunk) {
    const Lists& rows = words.of_rows();
    const Lists rows_with = transposed(rows, words.size());
    std::vector<double> n_pairs(words.size(), 0.0);  // of a word with any, itself included
    for (std::size_t r = 0; r < rows.size(); ++r) {
      for (const std::int32_t w : rows[r]) n_pairs[static_cast<std::size_t>(w)] += static_cast<double>(rows[r].size());
    }
    const double total = std::accumulate(n_pairs.begin(), n_pairs.end(), 0.0);
    for_chunks(executor, words.size(), kChunk, [&](std::size_t begin, std::size_t end) {
      Part& part = parts_[begin / kChunk];
      std::vector<std::int32_t> n_together(words.size(), 0), touched;
      for (std::size_t w = begin; w < end; ++w) {
        touched.clear();
        for (const std::int32_t row : rows_with[w]) {
          for (const std::int32_t other : rows[static_cast<std::size_t>(row)]) {
            if (n_together[static_cast<std::size_t>(other)]++ == 0) touched.push_back(other);
          }
        }
        for (const std::int32_t other : touched) {
          const double together = std::exchange(n_together[static_cast<std::size_t>(other)], 0);
          const double by_chance = n_pairs[w] * n_pairs[static_cast<std::size_t>(other)];
          if (together * total <= by_chance) continue;
          part.partners.members.push_back(other);
          part.values.push_back(static_cast<float>(std::log(together * total / by_chance)));
        }
        part.partners.begins.push_back(part.partners.members.size());
      }
    });
  }

  /// Times words x directions.
  [[nodiscard]] RowMatrix times(const RowMatrix& vectors, Executor& executor) const {
    RowMatrix out = RowMatrix::Zero(vectors.rows(), vectors.cols());
    executor.run(parts_.size(), [&](std::size_t p) {
      const Part& part = parts_[p];
      for (std::size_t w = 0; w < part.partners.size(); ++w) {
        auto target = out.row(static_cast<ptrdiff_t>(p * kChunk + w));
        for (std::size_t e = part.partners.begins[w]; e < part.partners.begins[w + 1]; ++e) {
          target += part.values[e] * vectors.row(part.partners.members[e]);
        }
      }
    });
    return out;
  }

 private:
  struct Part {  // of kChunk words
    Lists partners;
    std::vector<float> values;  // one per partner
  };
  std::vector<Part> parts_;
};

void scale_to_unit_length(Eigen::Ref<Eigen::RowVectorXf> row) {
  const float length = row.norm();
  if (length > 0.0F) row /= length;
}

/// Words x directions, rows of length 1: subspace iteration from a fixed random start (Halko, Martinsson and Tropp,
/// "Finding structure with randomness", SIAM Review 2011, section 4.5).
RowMatrix word_vectors(const Words& words, ptrdiff_t n_directions, Executor& executor) {
  const Association association(words, executor);
  const auto n_words = static_cast<ptrdiff_t>(words.size());
  RowMatrix vectors = random_directions(n_words, std::min(n_directions, n_words));
  for (int pass = 0; pass < kPasses; ++pass) {
    vectors = association.times(orthonormal_columns(vectors, executor), executor);
  }
  for (ptrdiff_t w = 0; w < n_words; ++w) scale_to_unit_length(vectors.row(w));
  return vectors;
}

}  // namespace

Features word_vector_rows(const Features& pool, ptrdiff_t n_directions, Executor& executor) {
  const CsrView<const float> sparse = pool.sparse();
  const Words words(sparse);
  const RowMatrix vectors = words.size() > 0 ? word_vectors(words, n_directions, executor) : RowMatrix::Zero(0, 1);
  const auto rows = std::make_shared<RowMatrix>(RowMatrix::Zero(pool.n_items(), vectors.cols()));
  for_chunks(executor, static_cast<std::size_t>(pool.n_items()), kChunk, [&](std::size_t begin, std::size_t end) {
    for (auto item = static_cast<ptrdiff_t>(begin); item < static_cast<ptrdiff_t>(end); ++item) {
      double square = 0.0;
      for_entries(sparse, item, [&](std::size_t, double value) { square += value * value; });
      const double inverse_length = square > 0.0 ? 1.0 / std::sqrt(square) : 0.0;
      auto row = rows->row(item);
      for_entries(sparse, item, [&](std::size_t column, float value) {
        const std::int32_t word = words.number_of(column);
        if (word >= 0) row += static_cast<float>(value * inverse_length) * vectors.row(word);
      });
      scale_to_unit_length(row);
    }
  });
  return Features::borrow(MatrixView<const float>(rows->data(), rows->rows(), rows->cols()), rows);
}

bool is_crowded(const Features& pool) {
  const CsrView<const float> sparse = pool.sparse();
  const auto n_entries = static_cast<double>(sparse.indptr.back() - sparse.indptr.front());
  return n_entries > kCrowded * static_cast<double>(pool.n_items()) * static_cast<double>(sparse.cols);
}

}  // namespace gtlabel::detail

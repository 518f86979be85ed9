#pragma once

#include <cstddef>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/dataset/features.hpp"

namespace gtlabel::detail {

/// The rows of a sparse pool as means of their words' vectors, scaled to length 1: a dense pool of min(n_directions,
/// columns in use) columns (at least 1) that owns its memory. A word is a column. Its vector says beside which words it
/// stands: its positive pointwise mutual information with each (Church and Hanks, "Word association norms, mutual
/// information, and lexicography", Computational Linguistics 1990; Bullinaria and Levy, "Extracting semantic
/// representations from word co-occurrence statistics", Behavior Research Methods 2007), on the leading eigenvectors of
/// these, scaled to length 1; its weight in the mean is the row's value. Only whether a word is there counts for the
/// vectors. Rows without known words are zeros.
///
/// Words are the 20,000 columns that most rows use, at least two rows each; they are counted in an even sample of at
/// most 20,000 rows, fewer where rows are long, and of at most 256 words of each. The same bits for any executor.
/// Cost: some four times the pairs of words that stand together x n_directions. Memory: those pairs, at most 50
/// million, and four matrices of words x n_directions.
Features word_vector_rows(const Features& pool, std::ptrdiff_t n_directions, Executor& executor);

/// Whether rows hold so many of the columns on average that a column's presence says nothing.
bool is_crowded(const Features& pool);

}  // namespace gtlabel::detail

// The digits job of digits_demo.py in C++: digits.csv as argument, one line per item, label first, then its pixels.
#include <cstdio>
#include <exception>
#include <fstream>
#include <gtlabel/gtlabel.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Pool {
  std::vector<gtlabel::ClassIndex> truth;
  std::vector<float> pixels;  // row after row
};

Pool read_pool(const char* path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(std::string("cannot read ") + path);
  Pool pool;
  for (std::string line; std::getline(file, line);) {
    std::istringstream cells(line);
    std::string cell;
    std::getline(cells, cell, ',');
    pool.truth.push_back(std::stoi(cell));
    while (std::getline(cells, cell, ',')) pool.pixels.push_back(std::stof(cell));
  }
  if (pool.truth.empty()) throw std::runtime_error(std::string("no items in ") + path);
  return pool;
}

void print_round(const gtlabel::RoundRecord& now) {
  std::printf("%5d %6ld %9ld %7ld %6ld %10.1f%%\n", now.round, long(now.n_human), long(now.n_auto), long(now.n_audited),
              long(now.errors_found), 100.0 * now.expected_human_share);
}

void print_outcome(const gtlabel::LabelingJob& job, const Pool& pool) {
  const auto report = job.report();
  std::printf("\npeople labelled %ld of %ld (%.1f%%)\n", long(report.n_human), long(report.n_items),
              100.0 * (1.0 - report.savings));
  const auto labels = job.labels();
  long wrong = 0;
  for (std::size_t i = 0; i < labels.item.size(); ++i) {
    if (labels.class_index[i] != pool.truth[labels.item[i]]) ++wrong;
  }
  if (report.certificate) std::printf("certificate: %s\n", report.certificate->statement.c_str());
  std::printf("the truth, which the job never saw: %ld automatic labels are wrong\n", wrong);
}

void label(const Pool& pool) {
  const auto n_items = static_cast<std::ptrdiff_t>(pool.truth.size());
  const auto n_pixels = static_cast<std::ptrdiff_t>(pool.pixels.size()) / n_items;
  const gtlabel::MatrixView<const float> rows(pool.pixels.data(), n_items, n_pixels);

  gtlabel::LabelingJob job(gtlabel::Features::borrow(rows), {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
                           {.target = gtlabel::ErrorTarget{.max_error = 0.05}});
  std::printf("round  asked automatic audited errors  asked, in all (expected)\n");
  std::size_t n_rounds = 0;
  while (const auto batch = job.next_batch()) {
    const auto history = job.report().history;
    for (; n_rounds < history.size(); ++n_rounds) print_round(history[n_rounds]);
    std::vector<gtlabel::ClassIndex> answers;
    for (const auto item : batch->items) answers.push_back(pool.truth[item]);  // here people would be asked
    job.submit(batch->items, answers);
  }
  print_outcome(job, pool);
}

}  // namespace

int main(int n_arguments, char** arguments) {
  if (n_arguments != 2) {
    std::fprintf(stderr, "usage: %s digits.csv\n", arguments[0]);
    return 2;
  }
  try {
    label(read_pool(arguments[1]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

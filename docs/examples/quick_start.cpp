#include <cstdio>
#include <gtlabel/gtlabel.hpp>
#include <random>
#include <vector>

int main() {
  // A pool of 3,000 items in three clouds, and people who would know the answers.
  std::mt19937 rng(1);
  std::normal_distribution<float> noise;
  std::vector<gtlabel::ClassIndex> truth(3000);
  gtlabel::Matrix<float> pool(3000, 2);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    truth[i] = static_cast<gtlabel::ClassIndex>(rng() % 3);
    pool(i, 0) = noise(rng) + (truth[i] == 1 ? 4.0F : 0.0F);
    pool(i, 1) = noise(rng) + (truth[i] == 2 ? 4.0F : 0.0F);
  }
  const auto features = gtlabel::Features::borrow(pool);

  gtlabel::LabelingJob job(features, {"ant", "bee", "cat"}, {.target = gtlabel::ErrorTarget{.max_error = 0.05}});
  while (const auto batch = job.next_batch()) {
    std::vector<gtlabel::ClassIndex> answers;
    for (const auto item : batch->items) answers.push_back(truth[item]);  // ask people here
    job.submit(batch->items, answers);
  }

  std::printf("people labelled %ld of %ld\n", long(job.report().n_human), long(job.n_items()));
  if (const auto certificate = job.certificate()) std::printf("%s\n", certificate->statement.c_str());
}

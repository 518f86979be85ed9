// The fuzz target without libFuzzer, for any compiler: valid inputs, and files if any are named, are changed at random.
//   gtlabel_snapshot_mutations [n_inputs [seed [file...]]]
//   gtlabel_snapshot_mutations corpus FOLDER   writes the valid ones
// A fault ends the program by a signal, an exception or a sanitizer; the same seed repeats it.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "mutation.hpp"
#include "snapshot_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

using gtlabel::RandomStream;
using gtlabel_test::mutate;

bool valid_inputs_are_read() {
  for (const std::string& payload : gtlabel_test::valid_payloads()) {
    if (!gtlabel_test::read_as_payload(payload)) return false;
  }
  return gtlabel_test::read_as_snapshot(gtlabel_test::valid_snapshot());
}

}  // namespace

int main(int argc, char** argv) {
  if (!valid_inputs_are_read()) {
    std::fputs("a valid input is refused\n", stderr);
    return 1;
  }
  std::vector<std::string> corpus = gtlabel_test::valid_payloads();
  corpus.push_back(gtlabel_test::valid_snapshot());
  if (argc == 3 && std::string(argv[1]) == "corpus") {
    gtlabel_test::write_corpus(argv[2], corpus);
    return 0;
  }
  const std::uint64_t n_inputs = argc > 1 ? std::stoull(argv[1]) : 20'000;
  RandomStream random(argc > 2 ? std::stoull(argv[2]) : 0, gtlabel::RandomPurpose::user);
  for (int i = 3; i < argc; ++i) corpus.push_back(gtlabel::read_file(argv[i]));
  for (const std::string& input : corpus) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  for (std::uint64_t i = 0; i < n_inputs; ++i) {
    std::string input = corpus[random.below(corpus.size())];
    for (std::uint64_t n = random.below(4); n > 0; --n) mutate(input, corpus[random.below(corpus.size())], random);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  std::printf("%llu inputs: all read or refused\n", static_cast<unsigned long long>(n_inputs));
  return 0;
}

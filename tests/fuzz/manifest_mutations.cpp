// The fuzz target without libFuzzer, for any compiler: sound lines, and files if any are named, are changed at random.
//   gtlabel_manifest_mutations [n_inputs [seed [file...]]]
//   gtlabel_manifest_mutations corpus FOLDER   writes the sound ones
// A fault ends the program by a signal, an exception or a sanitizer; the same seed repeats it.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "formats/manifest_lines.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/formats/lint.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "mutation.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

int main(int argc, char** argv) {
  std::vector<std::string> corpus;
  for (const char* line : gtlabel_test::kManifestLines) {
    corpus.emplace_back(line);
    if (!gtlabel::lint_manifest(line).findings.empty()) {
      std::fprintf(stderr, "a sound line has findings: %s\n", line);
      return 1;
    }
  }
  if (argc == 3 && std::string(argv[1]) == "corpus") {
    gtlabel_test::write_corpus(argv[2], corpus);
    return 0;
  }
  const std::uint64_t n_inputs = argc > 1 ? std::stoull(argv[1]) : 10'000;
  gtlabel::RandomStream random(argc > 2 ? std::stoull(argv[2]) : 0, gtlabel::RandomPurpose::user);
  for (int i = 3; i < argc; ++i) corpus.push_back(gtlabel::read_file(argv[i]));
  for (const std::string& input : corpus) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  for (std::uint64_t i = 0; i < n_inputs; ++i) {
    std::string input = corpus[random.below(corpus.size())];
    if (random.below(2) == 0) input += '\n' + corpus[random.below(corpus.size())] + '\n';
    for (std::uint64_t n = random.below(4); n > 0; --n) {
      gtlabel_test::mutate(input, corpus[random.below(corpus.size())], random);
    }
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  std::printf("%llu inputs: all read or refused\n", static_cast<unsigned long long>(n_inputs));
  return 0;
}

// One fault of each kind, to show that the check of symbols finds it.
#include <cstdio>
#include <cstdlib>
#if defined(PLANTED_COUT)
#include <iostream>
#elif defined(PLANTED_EIGEN)
#include <Eigen/Core>
#endif

void planted(int code);

void planted(int code) {
#if defined(PLANTED_ABORT)
  if (code != 0) std::abort();
#elif defined(PLANTED_EXIT)
  std::exit(code);
#elif defined(PLANTED_COUT)
  std::cout << code;
#elif defined(PLANTED_PRINTF)
  std::printf("%d", code);
#elif defined(PLANTED_STDERR)
  std::fprintf(stderr, "%d", code);
#elif defined(PLANTED_EIGEN)
  const Eigen::MatrixXf a = Eigen::MatrixXf::Constant(code, code, 1.0F);
  volatile float sum = (a * a).sum();
  static_cast<void>(sum);
#endif
}

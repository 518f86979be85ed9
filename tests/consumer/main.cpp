#include <array>
#include <gtlabel/gtlabel.hpp>
#include <vector>

int main() {
  const std::vector<float> values = {0.0F, 1.0F, 1.0F, 0.0F, 0.5F, 0.5F};
  const auto features = gtlabel::Features::borrow(gtlabel::MatrixView<const float>(values.data(), 3, 2));

  std::array<gtlabel::ItemIndex, 3> items = {0, 1, 2};
  gtlabel::RandomStream(7, gtlabel::RandomPurpose::user).shuffle(items);

  try {
    gtlabel::Features::borrow(gtlabel::MatrixView<const float>(values.data(), 0, 2));
    return 1;
  } catch (const gtlabel::InvalidArgument&) {
    return features.n_items() == 3 && items[0] + items[1] + items[2] == 3 ? 0 : 1;
  }
}

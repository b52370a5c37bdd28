// medssl::resize_cat: images resampled bilinearly to the size of others and put before their channels, in one pass: what a
// U-Net's decoder does at each level. See channels-last.h for when; else ATen's operators.
#include <ATen/Parallel.h>
#include <torch/library.h>
#include <algorithm>
#include <vector>
#include "channels-last.h"
#include "for-this-cpu.h"

namespace medssl {
namespace {

// Between which two pixels an output pixel's center lies, and how far from the first; centers beyond the edge lie on it.
struct Place {
  int64_t first, second;
  float share;
};

std::vector<Place> places(int64_t from, int64_t to) {
  std::vector<Place> places(to);
  const float scale = static_cast<float>(from) / to;
  for (int64_t i = 0; i < to; ++i) {
    const float center = std::max(scale * (i + 0.5f) - 0.5f, 0.f);
    const int64_t first = std::min(static_cast<int64_t>(center), from - 1);
    places[i] = {first, std::min(first + 1, from - 1), std::clamp(center - first, 0.f, 1.f)};
  }
  return places;
}

// One row of the result: `upper` and `lower` are rows of the smaller images.
struct Row {
  static MEDSSL_INLINE void run(const float* upper, const float* lower, float share, int64_t channels,
                                const Place* columns, int64_t width, const float* skip, int64_t skipped, float* out) {
    for (int64_t x = 0; x < width; ++x) {
      const float* upper_left = upper + columns[x].first * channels;
      const float* upper_right = upper + columns[x].second * channels;
      const float* lower_left = lower + columns[x].first * channels;
      const float* lower_right = lower + columns[x].second * channels;
      const float right = columns[x].share;
      const float weights[] = {(1 - share) * (1 - right), (1 - share) * right, share * (1 - right), share * right};
      float* __restrict to = out + x * (channels + skipped);
      for (int64_t c = 0; c < channels; ++c) {
        to[c] = weights[0] * upper_left[c] + weights[1] * upper_right[c] + weights[2] * lower_left[c] +
                weights[3] * lower_right[c];
      }
      const float* from = skip + x * skipped;
      for (int64_t c = 0; c < skipped; ++c) to[channels + c] = from[c];
    }
  }
};

at::Tensor resize_cat(const at::Tensor& x, const at::Tensor& skip) {
  TORCH_CHECK(x.dim() == 4 && skip.dim() == 4, "expected images [B, C, H, W], got ", x.sizes(), " and ", skip.sizes());
  const int64_t height = skip.size(2), width = skip.size(3);
  if (!is_channels_last_image(x) || !is_channels_last_image(skip) || x.size(0) != skip.size(0)) {
    const bool is_same = x.size(2) == height && x.size(3) == width;
    return at::cat({is_same ? x : at::upsample_bilinear2d(x, {height, width}, false), skip}, 1);
  }
  const int64_t batch = x.size(0), channels = x.size(1), skipped = skip.size(1), all = channels + skipped;
  const auto rows = places(x.size(2), height), columns = places(x.size(3), width);
  auto result = at::empty({batch, all, height, width}, x.options().memory_format(at::MemoryFormat::ChannelsLast));
  const float* in = x.const_data_ptr<float>();
  const float* other = skip.const_data_ptr<float>();
  float* out = result.data_ptr<float>();
  const int64_t stride = x.size(3) * channels, image = x.size(2) * stride;
  const int64_t grain = std::max<int64_t>(32768 / (width * all), 1);
  at::parallel_for(0, batch * height, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const Place& place = rows[row % height];
      const float* from = in + row / height * image;
      for_this_cpu<Row>(from + place.first * stride, from + place.second * stride, place.share, channels, columns.data(),
                        width, other + row * width * skipped, skipped, out + row * width * all);
    }
  });
  return result;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(medssl, library) { library.def("resize_cat(Tensor input, Tensor skip) -> Tensor", resize_cat); }

}  // namespace medssl

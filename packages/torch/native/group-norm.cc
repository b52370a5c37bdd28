// medssl::group_norm_gelu and medssl::group_norm_leaky_relu: the normalisation and the activation of a convolutional block
// in two passes over memory, where ATen's operators take five. See channels-last.h for when.
//
// Moments  of blocks of pixels that fit a cache, joined in double precision as Chan et al., "Updating formulae and a
//          pairwise algorithm for computing sample variances" (1979): no less exact than ATen's, and the same for any
//          number of threads.
// GELU     x Phi(x); Phi(x) - 1/2 is x P(x^2) / Q(x^2) up to 5.5, a least-squares fit weighted towards the least maximum
//          by us, 7e-9 from its value and with float32's rounding 1e-7. Beyond 5.5 Phi is 0 or 1.
#include <ATen/Parallel.h>
#include <torch/library.h>
#include <algorithm>
#include <cmath>
#include <vector>
#include "channels-last.h"
#include "for-this-cpu.h"

namespace medssl {
namespace {

struct Gelu {
  static MEDSSL_INLINE float of(float x, float) {
    const float inside = x < -5.5f ? -5.5f : x > 5.5f ? 5.5f : x;
    const float u = inside * inside;
    const float p = ((((2.27496618e-8f * u + 6.35203129e-6f) * u + 1.68818869e-4f) * u + 4.67721979e-3f) * u +
                     3.38520196e-2f) * u + 3.98942235e-1f;
    const float q = ((((1.1975061e-6f * u + 7.36450966e-5f) * u + 1.88440704e-3f) * u + 2.8645506e-2f) * u +
                     2.51520349e-1f) * u + 1.f;
    const float share = inside * p / q + 0.5f;
    return x * (x < -5.5f ? 0.f : x > 5.5f ? 1.f : share);
  }
};

struct LeakyRelu {
  static MEDSSL_INLINE float of(float x, float slope) { return x > 0.f ? x : x * slope; }
};

// Rows of `width` numbers, the last of which may be shorter: sums[j] of column j.
struct Sum {
  static MEDSSL_INLINE void run(const float* from, int64_t count, int64_t width, float* sums) {
    for (int64_t j = 0; j < width; ++j) sums[j] = 0;
    for (int64_t i = 0; i < count; i += width) {
      const float* row = from + i;
      const int64_t length = std::min(width, count - i);
      for (int64_t j = 0; j < length; ++j) sums[j] += row[j];
    }
  }
};

// As above, of squared distances from `means`.
struct SumOfSquares {
  static MEDSSL_INLINE void run(const float* from, int64_t count, int64_t width, const float* means, float* sums) {
    for (int64_t j = 0; j < width; ++j) sums[j] = 0;
    for (int64_t i = 0; i < count; i += width) {
      const float* row = from + i;
      const int64_t length = std::min(width, count - i);
      for (int64_t j = 0; j < length; ++j) {
        const float distance = row[j] - means[j];
        sums[j] += distance * distance;
      }
    }
  }
};

template <typename Activation>
struct Apply {
  static MEDSSL_INLINE void run(const float* from, int64_t count, int64_t width, const float* scales,
                                const float* shifts, float slope, float* __restrict to) {
    for (int64_t i = 0; i < count; i += width) {
      const float* row = from + i;
      float* __restrict out = to + i;
      const int64_t length = std::min(width, count - i);
      for (int64_t j = 0; j < length; ++j) out[j] = Activation::of(row[j] * scales[j] + shifts[j], slope);
    }
  }
};

struct Moments {
  double count, mean, squares;

  void join(const Moments& other) {
    const double total = count + other.count, distance = other.mean - mean;
    squares += other.squares + distance * distance * count * other.count / total;
    mean += distance * other.count / total;
    count = total;
  }
};

// Pixels lie behind each other, so an image is one row of numbers, in which channels come back every `channels`. It is
// worked on in rows of several pixels, long enough for vectors, and blocks of several rows.
struct Blocks {
  int64_t channels, groups, pixels, width, size, count;

  Blocks(const at::Tensor& x, int64_t groups)
      : channels(x.size(1)), groups(groups), pixels(x.size(2) * x.size(3)) {
    width = (511 / channels + 1) * channels;
    size = std::max<int64_t>(8192 / width, 1) * width;
    count = (image() + size - 1) / size;
  }
  int64_t image() const { return pixels * channels; }
  int64_t length(int64_t block) const { return std::min(size, image() - block * size); }
};

// Sums of columns to sums of groups: what is left of `sums` is no use.
template <typename Take>
void fold(const Blocks& blocks, float* sums, const Take& take) {
  for (int64_t j = blocks.channels; j < blocks.width; j += blocks.channels) {
    for (int64_t channel = 0; channel < blocks.channels; ++channel) sums[channel] += sums[j + channel];
  }
  const int64_t each = blocks.channels / blocks.groups;
  for (int64_t group = 0; group < blocks.groups; ++group) {
    double total = 0;
    for (int64_t channel = group * each; channel < (group + 1) * each; ++channel) total += sums[channel];
    take(group, total);
  }
}

void find_moments(const Blocks& blocks, const float* from, int64_t length, float* scratch, Moments* moments) {
  const double per_group = length / blocks.groups;
  const int64_t each = blocks.channels / blocks.groups;
  float* sums = scratch;
  float* means = scratch + blocks.width;
  for_this_cpu<Sum>(from, length, blocks.width, sums);
  fold(blocks, sums, [&](int64_t group, double total) {
    moments[group] = {per_group, total / per_group, 0};
    std::fill_n(means + group * each, each, static_cast<float>(moments[group].mean));
  });
  for (int64_t j = blocks.channels; j < blocks.width; j += blocks.channels) std::copy_n(means, blocks.channels, means + j);
  for_this_cpu<SumOfSquares>(from, length, blocks.width, means, sums);
  fold(blocks, sums, [&](int64_t group, double total) { moments[group].squares = total; });
}

template <typename Activation>
at::Tensor normalize(const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias, double epsilon,
                     float slope) {
  const Blocks blocks(x, groups);
  const int64_t batch = x.size(0), tasks = batch * blocks.count;
  auto result = at::empty_like(x);
  const float* in = x.const_data_ptr<float>();
  float* out = result.data_ptr<float>();
  std::vector<Moments> moments(tasks * groups);
  at::parallel_for(0, tasks, 4, [&](int64_t begin, int64_t end) {
    std::vector<float> scratch(2 * blocks.width);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t block = task % blocks.count;
      const float* from = in + task / blocks.count * blocks.image() + block * blocks.size;
      find_moments(blocks, from, blocks.length(block), scratch.data(), moments.data() + task * groups);
    }
  });

  std::vector<float> scales(batch * blocks.width), shifts(batch * blocks.width);
  const float* weights = weight.const_data_ptr<float>();
  const float* biases = bias.const_data_ptr<float>();
  for (int64_t image = 0; image < batch; ++image) {
    Moments* first = moments.data() + image * blocks.count * groups;
    for (int64_t block = 1; block < blocks.count; ++block) {
      for (int64_t group = 0; group < groups; ++group) first[group].join(first[block * groups + group]);
    }
    float* scale = scales.data() + image * blocks.width;
    float* shift = shifts.data() + image * blocks.width;
    for (int64_t channel = 0; channel < blocks.channels; ++channel) {
      const Moments& group = first[channel / (blocks.channels / groups)];
      const double factor = weights[channel] / std::sqrt(group.squares / group.count + epsilon);
      scale[channel] = factor;
      shift[channel] = biases[channel] - group.mean * factor;
    }
    for (int64_t j = blocks.channels; j < blocks.width; j += blocks.channels) {
      std::copy_n(scale, blocks.channels, scale + j);
      std::copy_n(shift, blocks.channels, shift + j);
    }
  }

  at::parallel_for(0, tasks, 4, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t image = task / blocks.count, block = task % blocks.count;
      const int64_t offset = image * blocks.image() + block * blocks.size;
      const float* scale = scales.data() + image * blocks.width;
      const float* shift = shifts.data() + image * blocks.width;
      for_this_cpu<Apply<Activation>>(in + offset, blocks.length(block), blocks.width, scale, shift, slope, out + offset);
    }
  });
  return result;
}

bool is_ours(const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias) {
  const auto fits = [&](const at::Tensor& of_channels) {
    return is_plain_float(of_channels) && of_channels.is_contiguous() && of_channels.dim() == 1 &&
           of_channels.size(0) == x.size(1);
  };
  return is_channels_last_image(x) && groups > 0 && x.size(1) % groups == 0 && fits(weight) && fits(bias);
}

at::Tensor group_norm_gelu(const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
                           double epsilon) {
  if (is_ours(x, groups, weight, bias)) return normalize<Gelu>(x, groups, weight, bias, epsilon, 0);
  return at::gelu(at::group_norm(x, groups, weight, bias, epsilon));
}

at::Tensor group_norm_leaky_relu(const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
                                 double slope, double epsilon) {
  if (is_ours(x, groups, weight, bias)) return normalize<LeakyRelu>(x, groups, weight, bias, epsilon, slope);
  return at::leaky_relu(at::group_norm(x, groups, weight, bias, epsilon), slope);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(medssl, library) {
  library.def("group_norm_gelu(Tensor input, int num_groups, Tensor weight, Tensor bias, float eps=1e-5) -> Tensor",
              group_norm_gelu);
  library.def(
      "group_norm_leaky_relu(Tensor input, int num_groups, Tensor weight, Tensor bias, float negative_slope=0.01, "
      "float eps=1e-5) -> Tensor",
      group_norm_leaky_relu);
}

}  // namespace medssl

// medssl::self_attention: softmax(Q K^T / sqrt(d)) V straight from the layer that makes Q, K and V, and back into it.
//
// Shapes   qkv [B, N, 3, h, d]; the queries are those of tokens first..N; result [B, N - first, h * d].
// Method   a task is one head of one sample, 64 rows of scores at a time, multiplied by oneDNN's small kernel (see
//          avx512.h). Backward makes the scores again from the logarithms of their sums, as Dao et al., "FlashAttention"
//          (2022), and works on the transposed scores: P^T and dS^T are then left operands as they are, and only arrays
//          of d columns are transposed.
// Else     on other devices and types, ATen's attention on views. Neither has second derivatives.
#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>
#include "lanes.h"

namespace medssl {
namespace {

constexpr int64_t kBlock = 64;

// c (+)= a b of row-major matrices [m, k] and [k, n].
void multiply(int64_t m, int64_t n, int64_t k, const float* a, int64_t a_stride, const float* b, int64_t b_stride, float* c,
              int64_t c_stride, bool adds = false) {
  at::native::cpublas::brgemm(m, n, k, a_stride, b_stride, c_stride, adds, a, b, c, false);
}

void transpose(const float* from, int64_t rows, int64_t columns, int64_t from_stride, float* to, int64_t to_stride) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) to[column * to_stride + row] = from[row * from_stride + column];
  }
}

struct Shape {
  int64_t batch, tokens, heads, dim, first;

  Shape(const at::Tensor& qkv, int64_t first)
      : batch(qkv.size(0)), tokens(qkv.size(1)), heads(qkv.size(3)), dim(qkv.size(4)), first(first) {}

  int64_t queries() const { return tokens - first; }
  int64_t width() const { return heads * dim; }        // between tokens of the result
  int64_t stride() const { return 3 * heads * dim; }   // between tokens of qkv
  float scale() const { return 1 / std::sqrt(static_cast<float>(dim)); }
  int64_t at_qkv(int64_t task) const { return task / heads * tokens * stride() + task % heads * dim; }
  int64_t at_result(int64_t task) const { return task / heads * queries() * width() + task % heads * dim; }
};

// Scores to powers of e, row by row; the sums of the rows, and scale * max + log(sum).
MEDSSL_AVX512 void exponentiate(float* scores, int64_t rows, int64_t columns, float scale, float* sums, float* logs) {
  const int64_t stride = padded(columns);
  for (int64_t i = 0; i < rows; ++i) {
    float* row = scores + i * stride;
    std::fill(row + columns, row + stride, -std::numeric_limits<float>::infinity());
    Lanes largest = load(row);
    for (int64_t j = kLanes; j < stride; j += kLanes) largest = load(row + j) > largest ? load(row + j) : largest;
    float top = largest[0];
    for (int64_t j = 1; j < kLanes; ++j) top = std::max(top, largest[j]);
    Lanes total{};
    for (int64_t j = 0; j < stride; j += kLanes) {
      const Lanes power = exponential((load(row + j) - top) * scale);
      store(row + j, power);
      total += power;
    }
    // The lanes behind the last column hold e^-87.
    float sum = 0;
    for (int64_t j = 0; j < kLanes; ++j) sum += total[j];
    sums[i] = sum;
    logs[i] = top * scale + std::log(sum);
  }
}

void forward_head(const Shape& shape, int64_t task, const float* qkv, float* result, float* logs) {
  const int64_t n = shape.queries(), m = shape.tokens, d = shape.dim, stride = shape.stride(), width = shape.width();
  const float* query = qkv + shape.at_qkv(task) + shape.first * stride;
  const float* key = qkv + shape.at_qkv(task) + width;
  const float* value = key + width;
  float* out = result + shape.at_result(task);
  std::vector<float> scratch((d + kBlock) * padded(m));
  float* keys = scratch.data();  // [d, m]
  float* scores = keys + d * padded(m);
  float sums[kBlock];
  transpose(key, m, d, stride, keys, padded(m));
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t rows = std::min(kBlock, n - i);
    multiply(rows, m, d, query + i * stride, stride, keys, padded(m), scores, padded(m));
    exponentiate(scores, rows, m, shape.scale(), sums, logs + task * n + i);
    multiply(rows, d, m, scores, padded(m), value, stride, out + i * width, width);
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t j = 0; j < d; ++j) out[(i + row) * width + j] /= sums[row];
    }
  }
}

// Transposed scores to P^T, and dP^T to dS^T.
MEDSSL_AVX512 void differentiate(float* scores, float* slopes, int64_t rows, int64_t columns, float scale,
                                 const float* logs, const float* deltas) {
  for (int64_t i = 0; i < rows * columns; i += columns) {
    for (int64_t j = 0; j < columns; j += kLanes) {
      const Lanes weight = exponential(load(scores + i + j) * scale - load(logs + j));
      store(scores + i + j, weight);
      store(slopes + i + j, weight * (load(slopes + i + j) - load(deltas + j)) * scale);
    }
  }
}

void backward_head(const Shape& shape, int64_t task, const float* qkv, const float* result, const float* logs,
                   const float* gradient, float* qkv_gradient) {
  const int64_t n = shape.queries(), m = shape.tokens, d = shape.dim, stride = shape.stride(), width = shape.width();
  const int64_t to_query = shape.first * stride;
  const float* query = qkv + shape.at_qkv(task) + to_query;
  const float* key = qkv + shape.at_qkv(task) + width;
  const float* value = key + width;
  float* of_query = qkv_gradient + shape.at_qkv(task) + to_query;
  float* of_key = qkv_gradient + shape.at_qkv(task) + width;
  float* of_value = of_key + width;
  const float* out = result + shape.at_result(task);
  const float* of_out = gradient + shape.at_result(task);

  const int64_t columns = padded(n);
  std::vector<float> scratch((3 * d + 2 * kBlock + 2) * columns + d * m);
  float* queries = scratch.data();  // [d, n], as the next two
  float* of_outs = queries + d * columns;
  float* of_queries = of_outs + d * columns;
  float* scores = of_queries + d * columns;  // [64, n]
  float* slopes = scores + kBlock * columns;
  float* sums = slopes + kBlock * columns;  // [n]
  float* deltas = sums + columns;
  float* keys = deltas + columns;  // [d, m]
  transpose(query, n, d, stride, queries, columns);
  transpose(of_out, n, d, width, of_outs, columns);
  transpose(key, m, d, stride, keys, m);
  std::copy_n(logs + task * n, n, sums);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < d; ++j) deltas[i] += out[i * width + j] * of_out[i * width + j];
  }
  for (int64_t i = 0; i < m; i += kBlock) {
    const int64_t rows = std::min(kBlock, m - i);
    multiply(rows, n, d, key + i * stride, stride, queries, columns, scores, columns);
    multiply(rows, n, d, value + i * stride, stride, of_outs, columns, slopes, columns);
    differentiate(scores, slopes, rows, columns, shape.scale(), sums, deltas);
    multiply(rows, d, n, scores, columns, of_out, width, of_value + i * stride, stride);
    multiply(rows, d, n, slopes, columns, query, stride, of_key + i * stride, stride);
    multiply(d, n, rows, keys + i, m, slopes, columns, of_queries, columns, i > 0);
  }
  transpose(of_queries, d, n, columns, of_query, stride);
}

// For all heads of all samples.
template <typename Work>
void for_heads(const Shape& shape, const Work& work) {
  at::parallel_for(0, shape.batch * shape.heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) work(task);
    at::native::cpublas::brgemm_release(false);
  });
}

class SelfAttention : public torch::autograd::Function<SelfAttention> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& given, int64_t first) {
    const auto qkv = given.contiguous();
    const Shape shape(qkv, first);
    auto result = at::empty({shape.batch, shape.queries(), shape.width()}, qkv.options());
    const auto logs = at::empty({shape.batch * shape.heads, shape.queries()}, qkv.options());
    for_heads(shape, [&, in = qkv.const_data_ptr<float>(), out = result.data_ptr<float>(),
                      sums = logs.data_ptr<float>()](int64_t task) { forward_head(shape, task, in, out, sums); });
    context->saved_data["first"] = first;
    context->save_for_backward({qkv, result, logs});
    return result;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "attention has no second derivatives");
    const auto saved = context->get_saved_variables();
    const auto& qkv = saved[0];
    const Shape shape(qkv, context->saved_data["first"].toInt());
    const auto gradient = gradients[0].contiguous();
    auto of_qkv = at::empty_like(qkv);
    of_qkv.slice(1, 0, shape.first).select(2, 0).zero_();  // queries that were not asked
    for_heads(shape, [&, in = qkv.const_data_ptr<float>(), result = saved[1].const_data_ptr<float>(),
                      logs = saved[2].const_data_ptr<float>(), of_result = gradient.const_data_ptr<float>(),
                      out = of_qkv.data_ptr<float>()](int64_t task) {
      backward_head(shape, task, in, result, logs, of_result, out);
    });
    return {of_qkv, at::Tensor()};
  }
};

at::Tensor self_attention(const at::Tensor& qkv, int64_t first) {
  TORCH_CHECK(qkv.dim() == 5 && qkv.size(2) == 3, "expected qkv [B, N, 3, heads, dim], got ", qkv.sizes());
  TORCH_CHECK(first >= 0 && first < std::max<int64_t>(qkv.size(1), 1), "expected first in 0..", qkv.size(1) - 1, ", got ",
              first);
  if (is_ours({qkv}) && qkv.numel() > 0) return SelfAttention::apply(qkv, first);
  // Split before the heads come to the front: the gradients of the three then lie in memory as the layer wants them.
  const auto parts = qkv.unbind(2);
  const auto query = parts[0].slice(1, first).transpose(1, 2);  // [B, h, N - first, d]
  return at::scaled_dot_product_attention(query, parts[1].transpose(1, 2), parts[2].transpose(1, 2))
      .transpose(1, 2)
      .flatten(2);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(medssl, library) { library.def("self_attention(Tensor qkv, int first=0) -> Tensor", self_attention); }

}  // namespace medssl

// medssl::linear: x W^T + b as aten::linear has it, by oneDNN where that is faster (see avx512.h).
//
// Backward multiplies with transposed views, so nothing is copied. With a graph of its own (second derivatives) it is
// made of ATen's operators.
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>
#include "avx512.h"

namespace medssl {
namespace {

at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
  if (at::GradMode::is_enabled()) return at::mm(a, b);
  auto result = at::empty({a.size(0), b.size(1)}, a.options());
  at::native::mkldnn_matmul(a, b, result, 0, 1);
  return result;
}

at::Tensor rows(const at::Tensor& x) { return x.reshape({-1, x.size(-1)}); }

class Linear : public torch::autograd::Function<Linear> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias) {
    context->save_for_backward({x, weight});
    context->saved_data["hasBias"] = bias.has_value();
    auto shape = x.sizes().vec();
    shape.back() = weight.size(0);
    auto result = at::empty(shape, x.options());
    const auto flat = result.view({-1, shape.back()});
    if (bias) flat.copy_(bias->expand_as(flat));
    at::native::mkldnn_matmul(rows(x), weight.t(), flat, bias ? 1 : 0, 1);
    return result;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto& x = saved[0];
    const auto& weight = saved[1];
    const auto gradient = rows(gradients[0]);
    at::Tensor of_x, of_weight, of_bias;
    if (context->needs_input_grad(0)) of_x = product(gradient, weight).view_as(x);
    if (context->needs_input_grad(1)) of_weight = product(gradient.t(), rows(x));
    if (context->saved_data["hasBias"].toBool() && context->needs_input_grad(2)) of_bias = gradient.sum(0);
    return {of_x, of_weight, of_bias};
  }
};

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  const bool fits = x.dim() > 1 && weight.dim() == 2 && x.size(-1) == weight.size(1) && x.numel() > 0 &&
                    weight.numel() > 0 && (!bias || (bias->dim() == 1 && bias->size(0) == weight.size(0)));
  if (!fits || !is_ours({x, weight, bias.value_or(at::Tensor())})) return at::linear(x, weight, bias);
  return Linear::apply(x, weight, bias);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(medssl, library) { library.def("linear(Tensor x, Tensor weight, Tensor? bias=None) -> Tensor", linear); }

}  // namespace medssl

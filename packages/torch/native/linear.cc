// medssl::linear: x W^T + b as aten::linear has it, by oneDNN where that is faster (see avx512.h).
//
// Backward multiplies with transposed views, so nothing is copied. With a graph of its own (second derivatives) it is
// made of ATen's operators.
//
// Where nothing is recorded and there are few rows, weights are kept in oneDNN's own order, which saves putting them into it
// each time: half of what a ViT's layers take for one picture.
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>
#include <mutex>
#include <unordered_map>
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

// With more rows than this the order of the weights no longer matters.
constexpr int64_t kFewRows = 1024;

using LinearPointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                                   std::string_view, c10::List<std::optional<at::Scalar>>,
                                   std::optional<std::string_view>);
using ReorderWeight = at::Tensor(const at::Tensor&, std::optional<c10::SymInt>);

// Copies of weights in oneDNN's order, as long as the weights live and stay as they are.
class PackedWeights {
 public:
  // Undefined at first sight, so that a weight of one call is not packed, and where libtorch has no such operators.
  at::Tensor find(const at::Tensor& weight, int64_t rows) {
    if (!reorder_ || !pointwise_ || weight.is_view() || weight.is_inference()) return {};
    const std::lock_guard lock(mutex_);
    const auto version = weight._version();
    const auto found = entries_.find(weight.unsafeGetTensorImpl());
    const bool is_known = found != entries_.end() && !found->second.weight.expired() && found->second.version == version;
    if (!is_known) {
      std::erase_if(entries_, [](const auto& entry) { return entry.second.weight.expired(); });
      entries_.insert_or_assign(weight.unsafeGetTensorImpl(), Entry{Weak(weight.getIntrusivePtr()), version, {}});
      return {};
    }
    auto& packed = found->second.packed;
    if (!packed.defined()) packed = reorder_->typed<ReorderWeight>().call(weight.detach(), c10::SymInt(rows));
    return packed;
  }

  // oneDNN reads a bias as a block, whatever its strides are.
  at::Tensor product(const at::Tensor& x, const at::Tensor& packed, const std::optional<at::Tensor>& bias) const {
    const auto block = bias ? std::optional(bias->contiguous()) : std::nullopt;
    return pointwise_->typed<LinearPointwise>().call(x, packed, block, "none",
                                                     c10::List<std::optional<at::Scalar>>(), "");
  }

 private:
  using Weak = c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;
  struct Entry {
    Weak weight;
    int64_t version;
    at::Tensor packed;
  };
  static std::optional<c10::OperatorHandle> schema(const char* name) {
    return c10::Dispatcher::singleton().findSchema({name, ""});
  }

  const std::optional<c10::OperatorHandle> reorder_ = schema("mkldnn::_reorder_linear_weight");
  const std::optional<c10::OperatorHandle> pointwise_ = schema("mkldnn::_linear_pointwise");
  std::mutex mutex_;
  std::unordered_map<c10::TensorImpl*, Entry> entries_;
};

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  const bool fits = x.dim() > 1 && weight.dim() == 2 && x.size(-1) == weight.size(1) && x.numel() > 0 &&
                    weight.numel() > 0 && (!bias || (bias->dim() == 1 && bias->size(0) == weight.size(0)));
  if (!fits || !is_ours({x, weight, bias.value_or(at::Tensor())})) return at::linear(x, weight, bias);
  const auto rows = x.numel() / x.size(-1);
  if (!at::GradMode::is_enabled() && rows <= kFewRows) {
    static PackedWeights packed_weights;
    const auto packed = packed_weights.find(weight, rows);
    if (packed.defined()) return packed_weights.product(x.contiguous(), packed, bias);
  }
  return Linear::apply(x, weight, bias);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(medssl, library) { library.def("linear(Tensor x, Tensor weight, Tensor? bias=None) -> Tensor", linear); }

}  // namespace medssl

// libtorch's autograd engine and autocast.
#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include "handles.h"
#include "node.h"

namespace medssl {
namespace {

// Reads [count, handle...] from the call buffer, advancing `next`; handle 0 is an undefined tensor.
torch::autograd::variable_list tensors(const double*& next) {
  const auto count = static_cast<size_t>(*next++);
  torch::autograd::variable_list list(count);
  for (auto& tensor : list) {
    const auto handle = static_cast<Handle>(*next++);
    if (handle) tensor = handles().tensor(handle);
  }
  return list;
}

// backward(retainGraph): roots and their gradients (0: ones) in the call buffer.
napi_value backward(napi_env env, const Args& args) {
  const double* next = call_buffer();
  const auto roots = tensors(next);
  const auto gradients = tensors(next);
  torch::autograd::backward(roots, gradients, args.boolean(0));
  return undefined(env);
}

// gradients(retainGraph, createGraph): outputs, inputs and output gradients in the call buffer; writes [handle...].
napi_value gradients(napi_env env, const Args& args) {
  const double* next = call_buffer();
  const auto outputs = tensors(next);
  const auto inputs = tensors(next);
  const auto output_gradients = tensors(next);
  const auto results = torch::autograd::grad(outputs, inputs, output_gradients, args.boolean(0), args.boolean(1), true);
  double* out = call_buffer();
  for (const auto& result : results) *out++ = result.defined() ? handles().add(result) : 0;
  return undefined(env);
}

// gradient(tensor) -> handle of its .grad, or 0.
napi_value gradient(napi_env env, const Args& args) {
  const auto& grad = handles().tensor(args.index(0)).grad();
  return number(env, grad.defined() ? handles().add(grad) : 0);
}

// setGradient(tensor, gradient or 0)
napi_value set_gradient(napi_env env, const Args& args) {
  const auto handle = args.index(1);
  auto tensor = handles().tensor(args.index(0));
  if (handle) {  // optimisers trust the two to match
    const auto& gradient = handles().tensor(handle);
    TORCH_CHECK(gradient.sizes() == tensor.sizes() && gradient.scalar_type() == tensor.scalar_type() &&
                    gradient.device() == tensor.device(),
                "expected ", tensor.scalar_type(), tensor.sizes(), "@", tensor.device(), ", got ",
                gradient.scalar_type(), gradient.sizes(), "@", gradient.device());
  }
  tensor.mutable_grad() = handle ? handles().tensor(handle) : at::Tensor();
  return undefined(env);
}

napi_value set_requires_grad(napi_env env, const Args& args) {
  handles().tensor(args.index(0)).set_requires_grad(args.boolean(1));
  return undefined(env);
}

// setGradMode(enabled) -> what it was.
napi_value set_grad_mode(napi_env env, const Args& args) {
  const bool before = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(args.boolean(0));
  return boolean(env, before);
}

// enterAutocast(deviceType, dtype) -> the dtype before, or -1 where it was off: lower precision for what gains by it;
// float32 is off.
napi_value enter_autocast(napi_env env, const Args& args) {
  const auto device = static_cast<at::DeviceType>(args.index(0));
  const bool was_on = at::autocast::is_autocast_enabled(device);
  const auto before = was_on ? static_cast<double>(at::autocast::get_autocast_dtype(device)) : -1.0;
  const auto dtype = static_cast<at::ScalarType>(args.index(1));
  if (dtype != at::kFloat) at::autocast::set_autocast_dtype(device, dtype);
  at::autocast::set_autocast_enabled(device, dtype != at::kFloat);
  at::autocast::increment_nesting();
  return number(env, before);
}

// leaveAutocast(deviceType, what enterAutocast returned)
napi_value leave_autocast(napi_env env, const Args& args) {
  const auto device = static_cast<at::DeviceType>(args.index(0));
  const double before = args.number(1);
  if (before >= 0) at::autocast::set_autocast_dtype(device, static_cast<at::ScalarType>(static_cast<int>(before)));
  at::autocast::set_autocast_enabled(device, before >= 0);
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  return undefined(env);
}

}  // namespace

void define_autograd(napi_env env, napi_value exports) {
  define<backward>(env, exports, "backward");
  define<gradients>(env, exports, "gradients");
  define<gradient>(env, exports, "gradient");
  define<set_gradient>(env, exports, "setGradient");
  define<set_requires_grad>(env, exports, "setRequiresGrad");
  define<set_grad_mode>(env, exports, "setGradMode");
  define<enter_autocast>(env, exports, "enterAutocast");
  define<leave_autocast>(env, exports, "leaveAutocast");
}

}  // namespace medssl

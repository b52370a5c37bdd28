// When our kernels for images serve: nothing is to be differentiated, and the images are float32 in channels-last memory
// of the CPU. Otherwise ATen's operators do.
#pragma once
#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

namespace medssl {

inline bool is_plain_float(const at::Tensor& tensor) {
  return tensor.is_cpu() && tensor.scalar_type() == at::kFloat && tensor.layout() == at::kStrided &&
         !(at::GradMode::is_enabled() && tensor.requires_grad()) && !at::autocast::is_autocast_enabled(at::kCPU);
}

inline bool is_channels_last_image(const at::Tensor& tensor) {
  return is_plain_float(tensor) && tensor.dim() == 4 && tensor.numel() > 0 &&
         tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace medssl

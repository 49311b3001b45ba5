// Transposed convolutions in float32 as matrix products of patches, which stay in the second-level
// cache, and the error of images drawn by a sigmoid.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/custom_function.h>
#include <algorithm>
#include <cstring>
#include <vector>

#include "vectors.h"

namespace umwelt {
using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Square patches of images [N, H, W, C], of which each has h * w of k * k * C numbers.
struct Patches {
  int64_t k, stride, pad, C, H, W, h, w;
  int64_t rows() const { return h * w; }
  int64_t columns() const { return k * k * C; }
  int64_t pixels() const { return H * W * C; }
  // Images whose patches fit into a part of the cache.
  int64_t chunk() const { return std::max<int64_t>(1, (1 << 16) / (rows() * columns())); }
};

// Copies the patches of an image into rows of numbers; those outside the image are 0.
HOT static void gather(const Patches& g, const float* image, float* out) {
  const int64_t row = g.W * g.C, span = g.k * g.C;
  for (int64_t oy = 0; oy < g.h; ++oy)
    for (int64_t ox = 0; ox < g.w; ++ox) {
      const int64_t left = (ox * g.stride - g.pad) * g.C;
      const int64_t from = std::max<int64_t>(0, -left), to = std::min(span, row - left);
      for (int64_t y = oy * g.stride - g.pad, end = y + g.k; y < end; ++y, out += span) {
        const bool inside = y >= 0 && y < g.H;
        const float* in = image + y * row + left;
        for (int64_t j = 0; j < from; ++j) out[j] = 0;
        if (inside) for (int64_t j = from; j < to; ++j) out[j] = in[j];
        else for (int64_t j = from; j < to; ++j) out[j] = 0;
        for (int64_t j = to; j < span; ++j) out[j] = 0;
      }
    }
}

// Adds rows of numbers to the patches of an image.
HOT static void scatter(const Patches& g, const float* in, float* image) {
  const int64_t row = g.W * g.C, span = g.k * g.C;
  for (int64_t oy = 0; oy < g.h; ++oy)
    for (int64_t ox = 0; ox < g.w; ++ox) {
      const int64_t left = (ox * g.stride - g.pad) * g.C;
      const int64_t from = std::max<int64_t>(0, -left), to = std::min(span, row - left);
      for (int64_t y = oy * g.stride - g.pad, end = y + g.k; y < end; ++y, in += span) {
        if (y < 0 || y >= g.H) continue;
        float* out = image + y * row + left;
        for (int64_t j = from; j < to; ++j) out[j] += in[j];
      }
    }
}

static const float* numbers(const Tensor& t) { return static_cast<const float*>(t.const_data_ptr()); }
static float* floats(Tensor& t) { return static_cast<float*>(t.data_ptr()); }
// Maps [N, C, H, W] in channels-last order as a matrix [N * H * W, C].
static Tensor matrix(const Tensor& maps) { return maps.permute({0, 2, 3, 1}).flatten(0, 2); }
static Tensor maps_like(const Tensor& x, int64_t channels, int64_t height, int64_t width) {
  return at::empty({x.size(0), channels, height, width}, x.options(), at::MemoryFormat::ChannelsLast);
}

static int64_t chunks_of(int64_t images, const Patches& g) { return (images + g.chunk() - 1) / g.chunk(); }
static int64_t threads_for(int64_t images, const Patches& g) {
  return std::min<int64_t>(at::get_num_threads(), chunks_of(images, g));
}

// Calls work(thread, first image, images, room for their patches) for all chunks of images.
template <class F> static void each_chunk(int64_t images, const Patches& g, F work) {
  const int64_t chunks = chunks_of(images, g), threads = threads_for(images, g), size = g.chunk();
  at::parallel_for(0, threads, 1, [&](int64_t from, int64_t to) {
    at::AutoDispatchBelowAutograd no_autograd;
    Tensor room = at::empty({size * g.rows(), g.columns()}, at::kFloat);
    for (int64_t t = from; t < to; ++t)
      for (int64_t chunk = t * chunks / threads; chunk < (t + 1) * chunks / threads; ++chunk) {
        const int64_t first = chunk * size, count = std::min(size, images - first);
        work(t, first, count, room.narrow(0, 0, count * g.rows()));
      }
  });
}

// The patches of some images.
static void gather_chunk(const Patches& g, const Tensor& images, int64_t first, int64_t count, Tensor& patches) {
  for (int64_t i = 0; i < count; ++i)
    gather(g, numbers(images) + (first + i) * g.pixels(), floats(patches) + i * g.rows() * g.columns());
}
// Writes images that are sums of patches and of `start` (one number a channel), which may be null.
static void scatter_chunk(const Patches& g, const Tensor& patches, Tensor& images, int64_t first, int64_t count,
                          const float* start) {
  for (int64_t i = 0; i < count; ++i) {
    float* image = floats(images) + (first + i) * g.pixels();
    if (start) for (int64_t at = 0; at < g.pixels(); at += g.C) std::memcpy(image + at, start, g.C * sizeof(float));
    else std::memset(image, 0, g.pixels() * sizeof(float));
    scatter(g, numbers(patches) + i * g.rows() * g.columns(), image);
  }
}
static Tensor rows_of(const Tensor& matrix, int64_t first, int64_t count, const Patches& g) {
  return matrix.narrow(0, first * g.rows(), count * g.rows());
}

static void check(const Tensor& x, const Tensor& weight, int64_t inputs) {
  TORCH_CHECK(x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat && x.dim() == 4 && weight.dim() == 4,
              "products of patches take float32 maps [N, C, H, W] and weights");
  TORCH_CHECK(x.size(1) == inputs, "expected maps of ", inputs, " channels, got ", x.size(1));
}

struct PatchConvTranspose : Function<PatchConvTranspose> {
  static Patches geometry(const Tensor& x, int64_t outputs, int64_t k, int64_t s, int64_t p) {
    const int64_t h = x.size(2), w = x.size(3);
    return {k, s, p, outputs, s * (h - 1) + k - 2 * p, s * (w - 1) + k - 2 * p, h, w};
  }
  static Tensor forward(AutogradContext* ctx, Tensor x, Tensor weight, Tensor bias, int64_t stride, int64_t pad) {
    check(x, weight, weight.size(0));
    x = x.contiguous(at::MemoryFormat::ChannelsLast);
    const int64_t outputs = weight.size(1);
    const Patches g = geometry(x, outputs, weight.size(2), stride, pad);
    const Tensor w = weight.permute({0, 2, 3, 1}).reshape({weight.size(0), g.columns()}), in = matrix(x);
    Tensor y = maps_like(x, outputs, g.H, g.W);
    const float* start = bias.numel() ? numbers(bias) : nullptr;
    each_chunk(x.size(0), g, [&](int64_t, int64_t first, int64_t count, Tensor patches) {
      at::mm_out(patches, rows_of(in, first, count, g), w);
      scatter_chunk(g, patches, y, first, count, start);
    });
    ctx->save_for_backward({x, w});
    ctx->saved_data["stride"] = stride; ctx->saved_data["pad"] = pad; ctx->saved_data["kernel"] = weight.size(2);
    ctx->saved_data["bias"] = bias.numel() > 0;
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &w = saved[1];
    const int64_t k = ctx->saved_data["kernel"].toInt(), outputs = w.size(1) / k / k;
    const Patches g = geometry(x, outputs, k, ctx->saved_data["stride"].toInt(), ctx->saved_data["pad"].toInt());
    const Tensor gy = grads[0].contiguous(at::MemoryFormat::ChannelsLast), in = matrix(x), turned = w.t();
    Tensor gx = at::empty_like(x), gw = at::zeros({threads_for(x.size(0), g), w.size(0), w.size(1)}, w.options());
    const Tensor gin = matrix(gx);
    each_chunk(x.size(0), g, [&](int64_t thread, int64_t first, int64_t count, Tensor patches) {
      gather_chunk(g, gy, first, count, patches);
      Tensor sum = gw.select(0, thread), part = rows_of(gin, first, count, g);
      at::addmm_out(sum, sum, rows_of(in, first, count, g).t(), patches);
      at::mm_out(part, patches, turned);
    });
    const Tensor gb = ctx->saved_data["bias"].toBool() ? matrix(gy).sum(0) : Tensor();
    return {gx, gw.sum(0).view({w.size(0), k, k, outputs}).permute({0, 3, 1, 2}), gb, Tensor(), Tensor()};
  }
};

// ---- the squared error of sigmoid(x) ----

// The sum of (sigmoid(x) - t)^2 over n numbers, a multiple of 16; writes its gradient in x.
HOT static float sigmoid_errors(const float* x, const float* t, float* gradient, int64_t n) {
  lanes sums = {};
  for (int64_t i = 0; i < n; i += kLanes) {
    const lanes v = *reinterpret_cast<const lanes*>(x + i), magnitude = v < 0 ? -v : v;
    const lanes e = exponential(-magnitude), y = (v < 0 ? e : lanes{} + 1.f) / (e + 1.f);
    const lanes gap = y - *reinterpret_cast<const lanes*>(t + i);
    sums += gap * gap;
    *reinterpret_cast<lanes*>(gradient + i) = 2.f * gap * y * (1.f - y);
  }
  float total = 0;
  for (int64_t j = 0; j < kLanes; ++j) total += sums[j];
  return total;
}

struct SigmoidSquaredError : Function<SigmoidSquaredError> {
  static Tensor forward(AutogradContext* ctx, Tensor x, Tensor target) {
    TORCH_CHECK(x.scalar_type() == at::kFloat && target.scalar_type() == at::kFloat && x.sizes() == target.sizes() &&
                x.numel() % kLanes == 0, "sigmoid_squared_error takes float32 tensors of one shape, a multiple of 16 numbers");
    const auto order = x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    x = x.contiguous(order); target = target.contiguous(order);
    Tensor gradient = at::empty_like(x);
    constexpr int64_t kBlock = 4096;
    const int64_t blocks = (x.numel() + kBlock - 1) / kBlock;
    std::vector<float> errors(blocks);
    at::parallel_for(0, blocks, 4, [&](int64_t from, int64_t to) {
      for (int64_t b = from; b < to; ++b) {
        const int64_t at = b * kBlock, count = std::min(kBlock, x.numel() - at);
        errors[b] = sigmoid_errors(numbers(x) + at, numbers(target) + at, floats(gradient) + at, count);
      }
    });
    double total = 0;
    for (float error : errors) total += error;
    ctx->save_for_backward({gradient});
    return at::scalar_tensor(total, x.options());
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    return {ctx->get_saved_variables()[0] * grads[0], Tensor()};
  }
};

// x [N, I, h, w], weight [I, O, k, k] and bias [O], or [0] for none -> [N, O, H, W], channels-last.
Tensor patch_conv_transpose(Tensor x, Tensor w, Tensor b, int64_t stride, int64_t pad) {
  return PatchConvTranspose::apply(x, w, b, stride, pad);
}
// The sum of the squared differences between sigmoid(x) and target.
Tensor sigmoid_squared_error(Tensor x, Tensor target) { return SigmoidSquaredError::apply(x, target); }
}  // namespace umwelt

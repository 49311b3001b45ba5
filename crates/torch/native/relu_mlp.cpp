// Multi-layer perceptrons with narrow layers, forward and backward in one pass each over blocks of
// rows that stay in the second-level cache. libtorch takes an operation for each product, bias,
// ReLU and sum, and all rows for each operation.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
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

// What a product does with its result.
struct Epilogue {
  bool add = false;             // adds it to what is there
  const float* bias = nullptr;  // of each column
  bool relu = false;
};

// c [n, w] = a b, where a(i, k) is at a[i * row + k * column]; n is a multiple of kRows, w of
// kLanes.
HOT static void fused_product(int64_t n, int64_t depth, int64_t w, const float* a, int64_t row, int64_t column,
                              const float* b, int64_t ldb, float* c, int64_t ldc, const Epilogue& last) {
  for (int64_t j = 0; j < w; j += kLanes)
    for (int64_t i = 0; i < n; i += kRows) {
      const float *x = a + i * row, *y = b + j;
      float* z = c + i * ldc + j;
      lanes sums[kRows] = {};
      if (last.add) for (int64_t r = 0; r < kRows; ++r) sums[r] = *reinterpret_cast<const lanes*>(z + r * ldc);
      if (last.bias) for (int64_t r = 0; r < kRows; ++r) sums[r] = *reinterpret_cast<const lanes*>(last.bias + j);
      for (int64_t k = 0; k < depth; ++k, x += column, y += ldb) {
        const lanes factor = *reinterpret_cast<const lanes*>(y);
        for (int64_t r = 0; r < kRows; ++r) sums[r] += x[r * row] * factor;
      }
      for (int64_t r = 0; r < kRows; ++r) {
        if (last.relu) sums[r] = sums[r] <= 0 ? lanes{} : sums[r];  // NaN stays NaN
        *reinterpret_cast<lanes*>(z + r * ldc) = sums[r];
      }
    }
}
// g = 0 where y, the output of a ReLU, is.
HOT static void mask(const float* y, float* g, int64_t count) {
  for (int64_t i = 0; i < count; ++i) g[i] = y[i] <= 0 ? 0.f : g[i];
}
// Adds the sums over the rows of x [n, w] to sum.
HOT static void add_columns(const float* x, int64_t n, int64_t w, float* sum) {
  for (int64_t i = 0; i < n; ++i, x += w) for (int64_t j = 0; j < w; ++j) sum[j] += x[j];
}
// out = the sum of `parts` arrays of `count` numbers, `stride` apart.
HOT static void add_parts(const float* x, int64_t parts, int64_t stride, int64_t count, float* out) {
  std::memcpy(out, x, count * sizeof(float));
  for (int64_t p = 1; p < parts; ++p) for (int64_t i = 0; i < count; ++i) out[i] += x[p * stride + i];
}
// t [k, ld] = w [n, k] turned, a few of its rows at a time, which stay in the first-level cache.
HOT static void turn(const float* w, int64_t n, int64_t k, float* t, int64_t ld) {
  for (int64_t q = 0; q < k; q += kLanes)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t p = q; p < std::min(q + kLanes, k); ++p) t[p * ld + j] = w[j * k + p];
}
static void copy_rows(const float* from, int64_t n, int64_t w, int64_t from_ld, float* to, int64_t to_ld) {
  for (int64_t i = 0; i < n; ++i) std::memcpy(to + i * to_ld, from + i * from_ld, w * sizeof(float));
}
static float* numbers(const Tensor& t) { return t.mutable_data_ptr<float>(); }

namespace {
// Rows of a block, a multiple of kRows.
constexpr int64_t kBlock = 64;
using Floats = std::vector<float>;

// A layer. Matrices are padded to rows of whole vectors.
struct Layer {
  int64_t source, in, out;  // source: the hidden layer that it reads, or -1 for the input
  int64_t column = -1;      // of its outputs among those of the network; -1 if it is hidden
  int64_t in_ld() const { return up_to(in, kLanes); }
  int64_t out_ld() const { return up_to(out, kLanes); }
  bool hidden() const { return column < 0; }
  int64_t gradients() const { return out_ld() * in_ld() + out_ld(); }
};

struct Network {
  std::vector<Layer> layers;
  int64_t inputs, outputs = 0, gradients = 0;

  Network(int64_t inputs, at::TensorList weights, at::IntArrayRef sources) : inputs(inputs) {
    for (size_t l = 0; l < weights.size(); ++l) {
      layers.push_back({sources[l], weights[l].size(1), weights[l].size(0)});
      gradients += layers[l].gradients();
    }
    for (size_t l = 0; l < layers.size(); ++l) {
      if (std::find(sources.begin(), sources.end(), int64_t(l)) != sources.end()) continue;
      layers[l].column = outputs;
      outputs += layers[l].out;
    }
  }
  int64_t input_ld() const { return up_to(inputs, kLanes); }
  int64_t source_ld(const Layer& layer) const { return layer.source < 0 ? input_ld() : layers[layer.source].out_ld(); }
  // Room for a block of the outputs of each layer, behind one of the input.
  std::vector<Floats> block() const {
    std::vector<Floats> room{Floats(kBlock * input_ld())};
    for (const Layer& layer : layers) room.emplace_back(kBlock * layer.out_ld());
    return room;
  }
};

// Calls work(thread, room, first row, rows) on each block; a thread has a range of blocks and its
// own room.
template <class F>
void each_block(const Network& net, int64_t rows, F work) {
  const int64_t blocks = (rows + kBlock - 1) / kBlock, threads = std::min<int64_t>(at::get_num_threads(), blocks);
  at::parallel_for(0, threads, 1, [&](int64_t first, int64_t end) {
    for (int64_t t = first; t < end; ++t) {
      auto room = net.block();
      for (int64_t b = t * blocks / threads; b < (t + 1) * blocks / threads; ++b)
        work(t, room, b * kBlock, std::min(kBlock, rows - b * kBlock));
    }
  });
}

struct ReluMlp : Function<ReluMlp> {
  // parameters: the weight [out, in] and the bias [out] of each layer.
  static Tensor forward(AutogradContext* ctx, const Tensor& input, at::TensorList parameters, at::IntArrayRef sources) {
    std::vector<Tensor> weights;
    for (size_t p = 0; p < parameters.size(); p += 2) weights.push_back(parameters[p].contiguous());
    const Network net(input.size(1), weights, sources);
    const int64_t n = input.size(0), padded = up_to(n, kRows);
    Tensor out = at::empty({n, net.outputs}, input.options()), x = at::zeros({padded, net.input_ld()}, input.options());
    copy_rows(numbers(input.contiguous()), n, net.inputs, net.inputs, numbers(x), net.input_ld());
    std::vector<Tensor> saved{x};
    std::vector<Floats> turned, biases;
    for (size_t l = 0; l < net.layers.size(); ++l) {
      const Layer& layer = net.layers[l];
      turned.emplace_back(layer.in * layer.out_ld());
      turn(numbers(weights[l]), layer.out, layer.in, turned[l].data(), layer.out_ld());
      biases.emplace_back(layer.out_ld());
      copy_rows(numbers(parameters[2 * l + 1].contiguous()), 1, layer.out, 0, biases[l].data(), 0);
      saved.push_back(layer.hidden() ? at::empty({padded, layer.out_ld()}, input.options()) : Tensor());
    }
    each_block(net, padded, [&](int64_t, std::vector<Floats>& room, int64_t from, int64_t size) {
      for (size_t l = 0; l < net.layers.size(); ++l) {
        const Layer& layer = net.layers[l];
        const int64_t ld = layer.out_ld(), source_ld = net.source_ld(layer);
        float* y = layer.hidden() ? numbers(saved[l + 1]) + from * ld : room[l + 1].data();
        fused_product(size, layer.in, ld, numbers(saved[layer.source + 1]) + from * source_ld, source_ld, 1, turned[l].data(),
                      ld, y, ld, {false, biases[l].data(), layer.hidden()});
        if (!layer.hidden())
          copy_rows(y, std::min(size, n - from), layer.out, ld, numbers(out) + from * net.outputs + layer.column, net.outputs);
      }
    });
    ctx->saved_data["sources"] = sources.vec();
    ctx->saved_data["inputs"] = net.inputs;
    saved.insert(saved.end(), weights.begin(), weights.end());
    ctx->save_for_backward(saved);
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const std::vector<int64_t> sources = ctx->saved_data["sources"].toIntVector();
    const int64_t count = sources.size();
    const std::vector<Tensor> weights(saved.end() - count, saved.end());
    const Network net(ctx->saved_data["inputs"].toInt(), weights, sources);
    const Tensor g = grads[0].contiguous();
    const int64_t n = g.size(0), threads = at::get_num_threads();
    const bool need_input = ctx->needs_input_grad(0), need_weights = ctx->needs_input_grad(1);
    const Tensor gx = need_input ? at::empty({n, net.inputs}, g.options()) : Tensor();
    Floats sums(need_weights ? threads * net.gradients : 0);
    std::vector<Floats> rows(count);  // weights with padded rows, where these are no whole vectors
    for (int64_t l = 0; l < count; ++l) {
      const Layer& layer = net.layers[l];
      if (layer.in == layer.in_ld()) continue;
      rows[l].resize(layer.out * layer.in_ld());
      copy_rows(numbers(weights[l]), layer.out, layer.in, layer.in, rows[l].data(), layer.in_ld());
    }
    each_block(net, saved[0].size(0), [&](int64_t t, std::vector<Floats>& room, int64_t from, int64_t size) {
      const int64_t present = std::min(size, n - from);
      std::vector<bool> reached(count + 1, false);
      float* sum = sums.data() + t * net.gradients;
      for (int64_t l = count - 1; l >= 0; --l) {
        const Layer& layer = net.layers[l];
        const int64_t ld = layer.out_ld(), source = layer.source + 1, source_ld = net.source_ld(layer);
        float* gy = room[l + 1].data();
        if (layer.hidden()) {
          mask(numbers(saved[l + 1]) + from * ld, gy, size * ld);
        } else {
          copy_rows(numbers(g) + from * net.outputs + layer.column, present, layer.out, net.outputs, gy, ld);
          std::fill(gy + present * ld, gy + size * ld, 0.f);
        }
        if (need_weights) {
          fused_product(ld, size, layer.in_ld(), gy, 1, ld, numbers(saved[source]) + from * source_ld, source_ld, sum,
                        layer.in_ld(), {true});
          add_columns(gy, size, ld, sum + ld * layer.in_ld());
          sum += layer.gradients();
        }
        if (source > 0 || need_input)
          fused_product(size, layer.out, layer.in_ld(), gy, ld, 1, rows[l].empty() ? numbers(weights[l]) : rows[l].data(),
                        layer.in_ld(), room[source].data(), source_ld, {bool(reached[source])});
        reached[source] = true;
      }
      if (need_input)
        copy_rows(room[0].data(), present, net.inputs, net.input_ld(), numbers(gx) + from * net.inputs, net.inputs);
    });
    variable_list result{gx};
    result.resize(2 + 2 * count);
    const float* sum = sums.data();
    for (int64_t l = count - 1; need_weights && l >= 0; --l, sum += net.layers[l + 1].gradients()) {
      const Layer& layer = net.layers[l];
      Tensor weight = at::empty({layer.out, layer.in}, g.options()), bias = at::empty({layer.out}, g.options());
      for (int64_t i = 0; i < layer.out; ++i)
        add_parts(sum + i * layer.in_ld(), threads, net.gradients, layer.in, numbers(weight) + i * layer.in);
      add_parts(sum + layer.out_ld() * layer.in_ld(), threads, net.gradients, layer.out, numbers(bias));
      result[1 + 2 * l] = weight;
      result[2 + 2 * l] = bias;
    }
    return result;
  }
};
}  // namespace

// The outputs [N, sum] of the layers that no layer reads, side by side. x [N, I] and all parameters
// are float32 on the CPU. Layer l reads the ReLU of layer sources[l], or x where that is -1.
Tensor relu_mlp(const Tensor& x, at::TensorList parameters, at::IntArrayRef sources) {
  TORCH_CHECK(x.dim() == 2 && x.scalar_type() == at::kFloat && x.device().is_cpu(), "relu_mlp takes float32 rows on the CPU");
  TORCH_CHECK(parameters.size() == 2 * sources.size(), "relu_mlp takes a weight and a bias for each layer");
  for (size_t l = 0; l < sources.size(); ++l) {
    TORCH_CHECK(sources[l] < int64_t(l), "relu_mlp takes each layer behind the one that it reads");
    const int64_t width = sources[l] < 0 ? x.size(1) : parameters[2 * sources[l]].size(0);
    TORCH_CHECK(parameters[2 * l].size(1) == width, "layer ", l, " of relu_mlp takes ", parameters[2 * l].size(1),
                " numbers, but is given ", width);
  }
  return ReluMlp::apply(x, parameters, sources);
}
}  // namespace umwelt

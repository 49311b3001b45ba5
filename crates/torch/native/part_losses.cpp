// The activations and losses of a decoder with several heads in one operation. libtorch takes
// thirty small ones forward and as many backward.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <algorithm>
#include <cmath>
#include <vector>

namespace umwelt {
using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace {
enum Activation { kIdentity, kTanh, kLogSoftmax, kSymlog };
enum RowLoss { kSquared, kLikelihood };
constexpr int64_t kGrain = 128;  // rows of a thread at least
constexpr float kLn2 = 0.69314718f;

// Some columns of the outputs. The numbers beside each other are width, activation and loss.
struct Part {
  int64_t column, width;
  Activation activation;
  RowLoss loss;
};

std::vector<Part> parts_of(at::IntArrayRef numbers) {
  std::vector<Part> parts;
  for (size_t i = 0, column = 0; i < numbers.size(); column += numbers[i], i += 3)
    parts.push_back({int64_t(column), numbers[i], Activation(numbers[i + 1]), RowLoss(numbers[i + 2])});
  return parts;
}

const float* floats(const Tensor& t) { return t.const_data_ptr<float>(); }

void log_softmax(float* y, int64_t n) {
  const float top = *std::max_element(y, y + n);
  float sum = 0;
  for (int64_t j = 0; j < n; ++j) sum += std::exp(y[j] - top);
  const float log = top + std::log(sum);
  for (int64_t j = 0; j < n; ++j) y[j] -= log;
}

void activate(const Part& part, float* y) {
  if (part.activation == kLogSoftmax) return log_softmax(y, part.width);
  for (int64_t j = 0; j < part.width; ++j) {
    if (part.activation == kTanh) y[j] = std::tanh(y[j]);
    if (part.activation == kSymlog) y[j] = std::copysign(std::log2(1 + std::abs(y[j])), y[j]);
  }
}

int64_t largest(const float* t, int64_t n) { return std::max_element(t, t + n) - t; }

float row_loss(const Part& part, const float* y, const float* t) {
  if (part.loss == kLikelihood) return -y[largest(t, part.width)];
  float sum = 0;
  for (int64_t j = 0; j < part.width; ++j) sum += (y[j] - t[j]) * (y[j] - t[j]);
  return sum / part.width;
}

// g, the gradient of the adapted outputs, becomes that of the outputs before their activation.
// `weight` is the gradient of the row's loss.
void row_gradient(const Part& part, const float* y, const float* t, float weight, float* g) {
  const int64_t n = part.width;
  if (part.activation == kLogSoftmax) for (int64_t j = 0; j < n; ++j) g[j] *= std::exp(y[j]);
  if (part.loss == kLikelihood) g[largest(t, n)] -= weight;
  else for (int64_t j = 0; j < n; ++j) g[j] += weight * 2 / n * (y[j] - t[j]);
  float sum = 0;
  for (int64_t j = 0; j < n; ++j) sum += g[j];
  for (int64_t j = 0; j < n; ++j) {
    if (part.activation == kTanh) g[j] *= 1 - y[j] * y[j];
    if (part.activation == kSymlog) g[j] *= std::exp2(-std::abs(y[j])) / kLn2;
    if (part.activation == kLogSoftmax) g[j] -= std::exp(y[j]) * sum;
  }
}

struct PartLosses : Function<PartLosses> {
  static variable_list forward(AutogradContext* ctx, const Tensor& outputs, const Tensor& targets, const Tensor& weights,
                               at::IntArrayRef numbers) {
    const auto parts = parts_of(numbers);
    const int64_t n = outputs.size(0), width = outputs.size(1), count = parts.size(), terms = weights.size(0);
    Tensor y = outputs.clone(at::MemoryFormat::Contiguous), adapted = at::empty_like(y);
    const Tensor t = targets.contiguous(), w = weights.contiguous(), values = at::empty({terms, count}, y.options());
    std::vector<float> losses(n * count);
    float *ys = y.mutable_data_ptr<float>(), *as = adapted.mutable_data_ptr<float>();
    at::parallel_for(0, n, kGrain, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i)
        for (int64_t p = 0; p < count; ++p) {
          const int64_t at = i * width + parts[p].column;
          activate(parts[p], ys + at);
          losses[i * count + p] = row_loss(parts[p], ys + at, floats(t) + at);
          for (int64_t j = at; j < at + parts[p].width; ++j)
            as[j] = parts[p].activation == kLogSoftmax ? std::exp(ys[j]) : ys[j];
        }
    });
    for (int64_t k = 0; k < terms; ++k)
      for (int64_t p = 0; p < count; ++p) {
        double sum = 0;  // a row of weight 0 has no target
        for (int64_t i = 0; i < n; ++i) if (const float part = floats(w)[k * n + i]) sum += part * losses[i * count + p];
        values.mutable_data_ptr<float>()[k * count + p] = sum;
      }
    ctx->save_for_backward({y, t, w});
    ctx->saved_data["parts"] = numbers.vec();
    ctx->set_materialize_grads(false);
    return {adapted, values};
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &y = saved[0], &t = saved[1], &w = saved[2];
    const auto parts = parts_of(ctx->saved_data["parts"].toIntVector());
    const int64_t n = y.size(0), width = y.size(1), count = parts.size(), terms = w.size(0);
    Tensor g = grads[0].defined() ? grads[0].clone(at::MemoryFormat::Contiguous) : at::zeros_like(y);
    const Tensor of_terms = grads[1].defined() ? grads[1].contiguous() : at::zeros({terms, count}, y.options());
    float* gs = g.mutable_data_ptr<float>();
    at::parallel_for(0, n, kGrain, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i)
        for (int64_t p = 0; p < count; ++p) {
          float weight = 0;
          for (int64_t k = 0; k < terms; ++k) weight += floats(w)[k * n + i] * floats(of_terms)[k * count + p];
          const int64_t at = i * width + parts[p].column;
          row_gradient(parts[p], floats(y) + at, floats(t) + at, weight, gs + at);
        }
    });
    return {g, Tensor(), Tensor(), Tensor()};
  }
};
}  // namespace

// The adapted outputs [N, W] (probabilities in place of log-probabilities) and the terms [K,
// parts]: sums of the losses of rows with weights [K, N]. Outputs and targets [N, W] are float32 on
// the CPU. parts holds three numbers for each part: its width, activation and loss.
variable_list part_losses(const Tensor& outputs, const Tensor& targets, const Tensor& weights, at::IntArrayRef parts) {
  for (const Tensor* x : {&outputs, &targets, &weights})
    TORCH_CHECK(x->dim() == 2 && x->scalar_type() == at::kFloat && x->device().is_cpu(), "part_losses takes float32 on the CPU");
  int64_t width = 0;
  for (size_t i = 0; i < parts.size(); i += 3) width += parts[i];
  TORCH_CHECK(outputs.sizes() == targets.sizes() && outputs.size(1) == width && weights.size(1) == outputs.size(0),
              "part_losses takes outputs and targets [N, ", width, "] and weights [K, N], but is given ", outputs.sizes(), ", ",
              targets.sizes(), " and ", weights.sizes());
  return PartLosses::apply(outputs, targets, weights, parts);
}
}  // namespace umwelt

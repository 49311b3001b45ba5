// Products of a few rows with a bfloat16 matrix, which is read once, with sums in float32.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>

#include "vectors.h"

namespace umwelt {
using at::Tensor;

constexpr int64_t kMost = 4;
INLINE float sum_of(lanes x) {
  float sum = 0;
  for (int64_t i = 0; i < kLanes; ++i) sum += x[i];
  return sum;
}

// The products of `rows` rows x, of `width` numbers each, with the matrix' rows from..to; out has
// `outputs` numbers a row.
template <int64_t rows>
INLINE void products(const float* x, const uint16_t* matrix, int64_t width, int64_t from, int64_t to, float* out, int64_t outputs) {
  for (int64_t n = from; n < to; ++n) {
    const uint16_t* weights = matrix + n * width;
    lanes sums[rows][2] = {};
    int64_t k = 0;
    for (; k + 2 * kLanes <= width; k += 2 * kLanes) {
      const lanes first = widened(weights + k), second = widened(weights + k + kLanes);
      for (int64_t m = 0; m < rows; ++m) {
        sums[m][0] += first * *reinterpret_cast<const lanes*>(x + m * width + k);
        sums[m][1] += second * *reinterpret_cast<const lanes*>(x + m * width + k + kLanes);
      }
    }
    for (int64_t m = 0; m < rows; ++m) {
      float sum = sum_of(sums[m][0] + sums[m][1]);
      for (int64_t rest = k; rest < width; ++rest) sum += widened_one(weights[rest]) * x[m * width + rest];
      out[m * outputs + n] = sum;
    }
  }
}

HOT static void products_of(int64_t rows, const float* x, const uint16_t* matrix, int64_t width, int64_t from, int64_t to,
                            float* out, int64_t outputs) {
  switch (rows) {
    case 1: return products<1>(x, matrix, width, from, to, out, outputs);
    case 2: return products<2>(x, matrix, width, from, to, out, outputs);
    case 3: return products<3>(x, matrix, width, from, to, out, outputs);
    default: return products<kMost>(x, matrix, width, from, to, out, outputs);
  }
}

// x [.., K] of at most 4 rows times weight [N, K] -> [.., N], both in bfloat16. `bias` may be
// undefined. Without gradients.
Tensor row_products(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  TORCH_CHECK(x.scalar_type() == at::kBFloat16 && weight.scalar_type() == at::kBFloat16 && weight.dim() == 2 &&
                  weight.is_contiguous() && x.size(-1) == weight.size(1),
              "products of rows take bfloat16 rows and a matrix [N, K] of as many columns");
  const int64_t width = weight.size(1), outputs = weight.size(0), rows = x.numel() / width;
  TORCH_CHECK(rows >= 1 && rows <= kMost, "products of rows take 1 to ", kMost, " rows, not ", rows);
  const Tensor wide = x.to(at::kFloat).contiguous();
  Tensor out = at::empty({rows, outputs}, wide.options());
  const float* in = static_cast<const float*>(wide.const_data_ptr());
  const auto* matrix = static_cast<const uint16_t*>(weight.const_data_ptr());
  float* sums = static_cast<float*>(out.data_ptr());
  // Below some ten thousand products a second thread takes longer to start than it saves.
  at::parallel_for(0, outputs, std::max<int64_t>(1, 32768 / width), [&](int64_t from, int64_t to) {
    products_of(rows, in, matrix, width, from, to, sums, outputs);
  });
  if (bias.defined()) out += bias;
  auto sizes = x.sizes().vec();
  sizes.back() = outputs;
  return out.to(at::kBFloat16).view(sizes);
}
}  // namespace umwelt

// What data layers, few-row products and solvers do to runs of numbers. Each operation is rounded for itself, as in Caffe, unless said otherwise.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct TrainingKernels {
  // y[i] = (x[i * step] - m) * scale, with m = means[i], or `mean` where `means` is null; `turned` writes the last one first.
  void (*read_bytes)(const uint8_t *x, ptrdiff_t step, const float *means, float mean, float scale, int turned, float *y,
                     ptrdiff_t count);
  void (*read_floats)(const float *x, ptrdiff_t step, const float *means, float mean, float scale, int turned, float *y,
                      ptrdiff_t count);
  // Update rules: g is a gradient and becomes the step; h, i are histories. The formulas are those of the solvers' files.
  void (*nesterov)(float *g, float *h, float momentum, float rate, ptrdiff_t count);
  void (*adagrad)(float *g, float *h, float delta, float rate, ptrdiff_t count);
  void (*rmsprop)(float *g, float *h, float decay, float delta, float rate, ptrdiff_t count);
  void (*adadelta)(float *g, float *h, float *i, float momentum, float delta, float rate, ptrdiff_t count);
  void (*adam)(float *g, float *h, float *i, float beta1, float beta2, float delta, float rate, ptrdiff_t count);
  // g += decay * (the sign of w: -1, 0, 1)
  void (*add_signs)(float *g, const float *w, float decay, ptrdiff_t count);
  void (*subtract)(float *w, const float *g, ptrdiff_t count);  // w -= g
  void (*multiply)(float *x, float factor, ptrdiff_t count);    // x *= factor
  // Products with few rows and a matrix w of outputs x inputs so large that its way from memory is all that counts; at most
  // 8 rows. With fused multiply-adds.
  // w[o][i] = (adds ? w[o][i] : 0) + the sum over rows r of d[r * outputs + o] * x[r * inputs + i], for `count` outputs from `from` on.
  void (*outer)(const float *d, ptrdiff_t outputs, const float *x, ptrdiff_t inputs, int rows, ptrdiff_t from, ptrdiff_t count,
                int adds, float *w);
  // y[r * outputs + o] = bias[o] + the sum over i of w[o][i] * x[r * inputs + i], for `count` outputs from `from` on; bias may be null.
  void (*inner)(const float *w, const float *x, ptrdiff_t inputs, int rows, const float *bias, ptrdiff_t outputs, ptrdiff_t from,
                ptrdiff_t count, float *y);
  // x[r * inputs + i] = the sum over o of d[r * outputs + o] * w[o][i], for `count` inputs from `from` on.
  void (*inner_back)(const float *w, const float *d, ptrdiff_t outputs, int rows, ptrdiff_t inputs, ptrdiff_t from,
                     ptrdiff_t count, float *x);
};

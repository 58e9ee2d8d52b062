// Interfaces of the kernels. All of them work on float32 planes and know nothing of layers, nets or threads: a worker calls
// them on the images of its own slice.
//
// A plane is `rows` rows of `stride` floats. Pixel p of a plane is p = y * stride + x. Columns beyond the width are the *gap*.
// With a gap of zeros that is as wide as the padding, a neighbour left of column 0 is the gap of the row above: a convolution
// is then a sum over one linear run of pixels, with no border cases, no masks and no im2col.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct ConvolutionKernels;
struct FunctionKernels;
struct TrainingKernels;
// A window over a plane. Averages divide by a window's area with its padding, but without what lies behind the padding.
struct PoolWindow { int height, width, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, out_height, out_width; };

// One channel of a batch: planes of `area` numbers, `step` apart. Their kernels' arrays begin at the channel of the first image.
struct Channel { int images; ptrdiff_t step; int area; };
// y = (x - mean) factor + bias, perhaps + addend, and times slope where that is not positive; slope 1 leaves it as it is.
struct Affine { float mean, factor, bias, slope; };

// A product of matrices: a has m x k numbers, a[i * ai + l * ak]; b has k x n, b[l * bk + j * bj], of which bk or bj is 1; c has m x n,
// c[i * ci + j].
struct MatrixProduct { int m, n, k, adds; ptrdiff_t ai, ak, bk, bj, ci; };

// A set of kernels for one instruction set. `kernels()` gives the best one this processor has.
struct Kernels {
  const char *name;
  int lanes;            // floats in a register
  int (*block)(int outputs);  // how many outputs one tile computes; the packing of weights depends on it

  // y[o][p] = bias[o] + sum over k of w[o, k] * x[p + offset[k]], for o < outputs, p < count.
  // w is packed (see `conv_pack`), `yplane` is the distance of output planes. offset[k] may be negative.
  // Reads x only at p + offset[k], 0 <= p < count. May write a pixel twice, with the same value.
  void (*convolve)(const float *x, const int *offset, int taps, const float *w, const float *bias, int outputs, float *y,
                   ptrdiff_t yplane, int count);

  // g[o, k] += sum over p < count of dy[o][p] * x[p + offset[k]]; g is packed as w is. Gap pixels of dy must be zero.
  void (*convolve_weights)(const float *x, const int *offset, int taps, const float *dy, ptrdiff_t dyplane, int outputs,
                           float *g, int count);

  // c[i][j] = start[i] + sum over k of a[i * ai + k * ak] * b[k * bk + j], i < m, j < n; start may be null (zero).
  void (*product)(int m, int n, int k, const float *a, ptrdiff_t ai, ptrdiff_t ak, const float *b, ptrdiff_t bk,
                  const float *start, float *c, ptrdiff_t ci);

  float (*sum)(const float *x, int count);
  float (*dot)(const float *x, const float *y, int count);

  // Max pooling 3x3, stride 2, rounded up, fused with ReLU. which[p] is the tap (3 * ky + kx) of the first largest pixel in
  // Caffe's scan order, or 9 where the maximum is not positive (no gradient passes there).
  void (*pool)(const float *x, int width, int height, int xstride, float *y, uint8_t *which, int ystride);
  // The gradient of `pool`: writes all of dx (width x height at xstride, gap set to zero). dx may be the rows of a plane from an
  // even one on, an even number of them or all that are left; `above` is 1 if dy and which have a row before their first.
  void (*unpool)(const float *dy, const uint8_t *which, int ystride, float *dx, int width, int height, int xstride, int above);

  void (*scale)(const float *x, float a, float b, float *y, int count);                  // y = a x + b
  void (*combine)(const float *d, const float *x, float a, float b, float c, float *y, int count);  // y = a d + b x + c
  void (*moments)(const float *x, int count, double *mean, double *m2);                  // mean and sum of squared deviations
  void (*sums)(const float *d, const float *x, float shift, int count, double *sum_d, double *sum_dx);
  // Row transforms of winograd.c; count must be at least `lanes`.
  void (*rows_in)(const float *x, ptrdiff_t stride, float *v, ptrdiff_t vplane, int count);
  void (*rows_out)(const float *m, ptrdiff_t mplane, float bias, float *y, ptrdiff_t stride, int rows, int count);
  void (*rows_gradient)(const float *g, ptrdiff_t stride, int rows, float *d, ptrdiff_t dplane, int count);
  // y += a x, each as one fused multiply-add where the instruction set has it.
  void (*axpy)(float a, const float *x, float *y, int count);
  // 24 * lanes * rounds floating-point operations on registers: the machine's peak.
  float (*peak)(long rounds);
  const struct ConvolutionKernels *convolution;   // what convolution.h is made of
  // Pooling of one plane. which[i] is the index in the plane of the first largest value, -1 where nothing is above -FLT_MAX
  // (then y is -FLT_MAX); it may be null. The gradients write all of dx.
  void (*max_pool)(const struct PoolWindow *, const float *x, float *y, int32_t *which);
  void (*max_unpool)(const struct PoolWindow *, const float *dy, const int32_t *which, float *dx);
  void (*average_pool)(const struct PoolWindow *, const float *x, float *y);
  void (*average_unpool)(const struct PoolWindow *, const float *dy, float *dx);
  // y = x where x is positive or no number, slope x elsewhere; dx = dy where x is positive, slope dy elsewhere.
  void (*relu)(const float *x, float slope, float *y, ptrdiff_t count);
  void (*relu_back)(const float *dy, const float *x, float slope, float *dx, ptrdiff_t count);
  // y = x base^-power
  void (*divide_by_power)(const float *x, const float *base, float power, float *y, ptrdiff_t count);
  // y = (x - mean) / deviation; dx = (dy - a - b (z - mean) / unit) / deviation. Divisions, as Caffe's: a factor rounds otherwise.
  void (*normalise)(const float *x, float mean, float deviation, float *y, ptrdiff_t count);
  void (*normalise_back)(const float *dy, const float *z, float mean, float unit, float a, float b, float deviation, float *dx,
                         ptrdiff_t count);
  // h = factor h (rounded) + rate g, and g = h
  void (*momentum)(float *g, float *h, float factor, float rate, ptrdiff_t count);
  // y[o] = bias[o] + sum over i of w[o inputs + i] x[i]; bias may be null
  void (*gemv)(const float *w, ptrdiff_t inputs, const float *x, const float *bias, int outputs, float *y);
  float (*squares)(const float *x, float mean, int count);   // the sum of (x - mean)^2
  // max_pool of several planes, one behind the other, for windows of 2x2 with stride 2 that cover planes of even sides.
  void (*max_pool_pairs)(const struct PoolWindow *, ptrdiff_t planes, const float *x, float *y, int32_t *which);
  // The mean of a channel, and the sum of squared deviations from it.
  void (*channel_moments)(const struct Channel *, const float *x, double *mean, double *m2);
  // `addend` and `kept` may be null; kept = x. y may be x.
  void (*affine)(const struct Channel *, const struct Affine *, const float *x, const float *addend, float *kept, float *y);
  // d + more, the gradient of y, becomes that of what `slope` was applied to, in d and in `copy`; the sums of it and of its
  // products with x - mean. `more` and `copy` may be null. y tells the sign; null where there was no addend: x then does.
  void (*affine_sums)(const struct Channel *, const struct Affine *, const float *x, const float *y, float *d, const float *more,
                      float *copy, double *sum, double *product);
  // dx = a d + (b (x - mean) + c); dx may be d.
  void (*affine_back)(const struct Channel *, float mean, float a, float b, float c, const float *d, const float *x, float *dx);
  const struct FunctionKernels *functions;   // see functions.h
  const struct TrainingKernels *training;   // what training.h is made of
  // c = a b, or c += a b; null where BLAS is as fast.
  void (*matrix)(const struct MatrixProduct *, const float *a, const float *b, float *c);
};

// Tells the processor that this thread waits for another one.
static inline void processor_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

const struct Kernels *kernels(void);
const struct Kernels *kernels_named(const char *name);  // "avx512", "avx2", "baseline", or null if this processor lacks it

// Caffe's w[o][k] <-> packed blocks [o / B][k][o % B], B = block(outputs); the last block may be narrower.
void conv_pack(const struct Kernels *set, int outputs, int taps, const float *w, float *packed);
void conv_unpack_add(const struct Kernels *set, int outputs, int taps, const float *packed, float *w);
// The weights of the backward-data pass: outputs and channels change places; use `conv_offsets` with sign -1.
void conv_pack_backward(const struct Kernels *set, int outputs, int channels, int kernel, const float *w, float *packed);
// offset[(c * kernel + ky) * kernel + kx] = c * plane + sign * ((ky - pad) * stride + kx - pad)
void conv_offsets(int channels, int kernel, int pad, int sign, ptrdiff_t plane, int stride, int *offset);

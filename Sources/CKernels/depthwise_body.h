// A convolution of one plane by one kernel, for depthwise layers; compiled once per instruction set. See convolution_depthwise.c.

// Neighbouring results' pixels, one or two columns apart.
INLINE vec depthwise_pixels(const float *x, int step) {
  if (step == 1) return load(x);
  return __builtin_shufflevector(load(x), load(x + LANES), EVENS);
}

// The end of a register of results at pixel p of the plane, of which `left` belong to the row. Without an addend a register may
// reach into later rows of the plane, which are written after it: `later` are the floats that it may write.
INLINE void depthwise_end(vec sum, const float *addend, float slope, float *y, int left, ptrdiff_t later) {
  if (addend) sum += left >= LANES ? load(addend) : load_first(addend, left);
  if (slope != 1) sum = sum > splat(0) ? sum : slope * sum;
  if (left >= LANES || (!addend && later >= LANES)) store(y, sum);
  else
    for (int i = 0; i < left; i++) y[i] = sum[i];
}

// 3x3 kernels: weights stay in registers, and two rows share what they read.
INLINE void depthwise_three(const struct Depthwise *d, int step, const float *x, const float *w, float bias, const float *addend,
                            float slope, float *y) {
  vec k[9];
  UNROLL for (int t = 0; t < 9; t++) k[t] = splat(w[t]);
  ptrdiff_t pixels = (ptrdiff_t)d->rows * d->columns;
  int pairs = step == 1 && d->down == d->row && d->columns >= LANES, r = 0;
  for (; r < d->rows; r += pairs && r + 1 < d->rows ? 2 : 1) {
    int two = pairs && r + 1 < d->rows;
    for (int c = 0; c < d->columns; c += LANES) {
      const float *at = x + (ptrdiff_t)r * step * d->row + c * step;
      ptrdiff_t p = (ptrdiff_t)r * d->columns + c;
      int left = d->columns - c;
      vec sum[2] = {splat(bias), splat(bias)}, v[3];
      UNROLL for (int ky = 0; ky < 3; ky++) {
        UNROLL for (int kx = 0; kx < 3; kx++) v[kx] = depthwise_pixels(at + ky * d->down + kx * d->right, step);
        UNROLL for (int kx = 0; kx < 3; kx++) {
          sum[0] += k[3 * ky + kx] * v[kx];
          if (two && ky > 0) sum[1] += k[3 * ky - 3 + kx] * v[kx];
        }
      }
      // Of two rows only whole registers may be stored over later ones: the second row is not later than the first one's end.
      depthwise_end(sum[0], addend ? addend + p : 0, slope, y + p, left, two ? 0 : pixels - p);
      if (!two) continue;
      UNROLL for (int kx = 0; kx < 3; kx++) sum[1] += k[6 + kx] * load(at + 3 * d->down + kx * d->right);
      p += d->columns;
      depthwise_end(sum[1], addend ? addend + p : 0, slope, y + p, left, 0);
    }
  }
}

INLINE void depthwise_any(const struct Depthwise *d, int step, const float *x, const float *w, float bias, const float *addend,
                          float slope, float *y) {
  ptrdiff_t pixels = (ptrdiff_t)d->rows * d->columns;
  for (int r = 0; r < d->rows; r++)
    for (int c = 0; c < d->columns; c += LANES) {
      const float *at = x + (ptrdiff_t)r * step * d->row + c * step;
      ptrdiff_t p = (ptrdiff_t)r * d->columns + c;
      vec sum = splat(bias);
      for (int ky = 0; ky < d->kernel_h; ky++)
        for (int kx = 0; kx < d->kernel_w; kx++)
          sum += splat(w[ky * d->kernel_w + kx]) * depthwise_pixels(at + ky * d->down + kx * d->right, step);
      depthwise_end(sum, addend ? addend + p : 0, slope, y + p, d->columns - c, pixels - p);
    }
}

static void depthwise(const struct Depthwise *d, const float *x, const float *w, float bias, const float *addend, float slope, float *y) {
  int is_three = d->kernel_h == 3 && d->kernel_w == 3;
  if (d->step == 1 && is_three) depthwise_three(d, 1, x, w, bias, addend, slope, y);
  else if (d->step == 1) depthwise_any(d, 1, x, w, bias, addend, slope, y);
  else if (is_three) depthwise_three(d, 2, x, w, bias, addend, slope, y);
  else depthwise_any(d, 2, x, w, bias, addend, slope, y);
}

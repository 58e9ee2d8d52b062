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

#if LANES == 4
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
#else
// Which columns of the plane a register of results reads for each column of a 3x3 kernel (with step 2 from two registers), and
// which it writes.
struct Columns { lanes_t read[3][2], written; };

// One row's pixels for each column of the kernel; x is where column 0 of the first result reads.
INLINE void depthwise_row(const float *x, int step, int inside, const struct Columns *at, vec v[3]) {
  vec t[3][2];
  UNROLL for (int kx = 0; kx < 4 - step; kx++)
    UNROLL for (int half = 0; half < step; half++) {
      const float *p = x + kx + half * LANES;
      t[kx][half] = inside ? load(p) : load_lanes(at->read[kx][half], p);
    }
  if (step == 1) {
    UNROLL for (int kx = 0; kx < 3; kx++) v[kx] = t[kx][0];
  } else {
    v[0] = __builtin_shufflevector(t[0][0], t[0][1], EVENS);
    v[1] = __builtin_shufflevector(t[1][0], t[1][1], EVENS);
    v[2] = __builtin_shufflevector(t[1][0], t[1][1], ODDS);
  }
}

INLINE vec depthwise_sum(vec sum, const vec k[3], const vec v[3]) {
  UNROLL for (int kx = 0; kx < 3; kx++) sum += k[kx] * v[kx];
  return sum;
}

INLINE void depthwise_store(vec sum, int inside, const struct Columns *at, const float *addend, float slope, float *y) {
  if (addend) sum += inside ? load(addend) : load_lanes(at->written, addend);
  if (slope != 1) sum = sum > splat(0) ? sum : slope * sum;
  if (inside) store(y, sum);
  else store_lanes(at->written, y, sum);
}

// Rows first ..< last of a register of results. Each row of the plane is read once, for all results that it is part of; x and y
// are the register's first columns in row 0.
INLINE void depthwise_strip(const struct Depthwise *d, int step, int inside, const struct Columns *at, const float *x,
                            const vec k[9], float bias, const float *addend, float slope, float *y, int first, int last) {
  vec second = splat(bias), third = splat(bias), v[3];   // sums that lack the kernel's second and third row, or its third
  int to = step == 1 ? first - 2 : first - 1;            // the row of results that lacks only its third
  for (int row = first * step - d->top; to < last; row++) {
    int exists = row >= 0 && row < d->height, is_second = step == 2 && (row + d->top) % 2;
    if (exists) depthwise_row(x + (ptrdiff_t)row * d->width, step, inside, at, v);
    if (is_second) {
      if (exists) second = depthwise_sum(second, k + 3, v);
      continue;
    }
    vec done = step == 1 ? third : second;
    if (exists) done = depthwise_sum(done, k + 6, v);
    ptrdiff_t p = (ptrdiff_t)to * d->columns;
    if (to >= first) depthwise_store(done, inside, at, addend ? addend + p : 0, slope, y + p);
    if (step == 1) third = exists ? depthwise_sum(second, k + 3, v) : second;
    second = exists ? depthwise_sum(splat(bias), k, v) : splat(bias);
    to++;
  }
}

// 3x3 kernels whose taps are neighbours, from the plane itself.
INLINE void depthwise_three(const struct Depthwise *d, int step, const float *x, const float *w, float bias, const float *addend,
                            float slope, float *y) {
  enum { BAND = 32 };   // rows of results whose source stays in the first-level cache
  vec k[9];
  UNROLL for (int t = 0; t < 9; t++) k[t] = splat(w[t]);
  for (int r = 0; r < d->rows; r += BAND)
    for (int c = 0; c < d->columns; c += LANES) {
      int start = c * step - d->left, last = d->rows - r < BAND ? d->rows : r + BAND;
      const float *from = x + start, *add = addend ? addend + c : 0;
      struct Columns at = {.written = lanes_between(0, d->columns - c)};
      UNROLL for (int t = 0; t < 6; t++)
        at.read[t / 2][t % 2] = lanes_between(-start - t / 2 - t % 2 * LANES, d->width - start - t / 2 - t % 2 * LANES);
      if (start >= 0 && start + step * LANES + 2 <= d->width && c + LANES <= d->columns)
        depthwise_strip(d, step, 1, &at, from, k, bias, add, slope, y + c, r, last);
      else depthwise_strip(d, step, 0, &at, from, k, bias, add, slope, y + c, r, last);
    }
}
#endif

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
#if LANES == 4
  int is_three = d->kernel_h == 3 && d->kernel_w == 3;
#else
  int is_three = d->whole;
#endif
  if (d->step == 1 && is_three) depthwise_three(d, 1, x, w, bias, addend, slope, y);
  else if (d->step == 1) depthwise_any(d, 1, x, w, bias, addend, slope, y);
  else if (is_three) depthwise_three(d, 2, x, w, bias, addend, slope, y);
  else depthwise_any(d, 2, x, w, bias, addend, slope, y);
}

// Products with few rows and a large matrix, at the speed of memory; compiled once per instruction set. See training.h.

enum { FEW_ROWS = 8, COLUMNS = 2048 };   // the most rows, and the columns that stay in cache

#define BY_ROWS(F, ...)                                                                          \
  switch (rows) {                                                                                \
    case 1: return F(1, __VA_ARGS__);                                                            \
    case 2: return F(2, __VA_ARGS__);                                                            \
    case 3: return F(3, __VA_ARGS__);                                                            \
    case 4: return F(4, __VA_ARGS__);                                                            \
    case 5: return F(5, __VA_ARGS__);                                                            \
    case 6: return F(6, __VA_ARGS__);                                                            \
    case 7: return F(7, __VA_ARGS__);                                                            \
    default: return F(8, __VA_ARGS__);                                                           \
  }

INLINE void outer_rows(const int R, const float *d, ptrdiff_t outputs, const float *x, ptrdiff_t inputs, ptrdiff_t from,
                       ptrdiff_t count, int adds, float *w) {
  for (ptrdiff_t begin = 0; begin < inputs; begin += COLUMNS) {
    ptrdiff_t end = inputs - begin < COLUMNS ? inputs : begin + COLUMNS;
    ROLLED for (ptrdiff_t o = from; o < from + count; o++) {
      vec factor[FEW_ROWS];
      UNROLL for (int r = 0; r < R; r++) factor[r] = splat(d[r * outputs + o]);
      float *to = w + o * inputs;
      ptrdiff_t i = begin;
      ROLLED for (; i + LANES <= end; i += LANES) {
        vec sum = adds ? load(to + i) : splat(0);
        UNROLL for (int r = 0; r < R; r++) sum += factor[r] * load(x + r * inputs + i);
        store(to + i, sum);
      }
      ROLLED for (; i < end; i++) {
        float sum = adds ? to[i] : 0;
        UNROLL for (int r = 0; r < R; r++) sum += d[r * outputs + o] * x[r * inputs + i];
        to[i] = sum;
      }
    }
  }
}

static void outer(const float *d, ptrdiff_t outputs, const float *x, ptrdiff_t inputs, int rows, ptrdiff_t from, ptrdiff_t count,
                  int adds, float *w) {
  BY_ROWS(outer_rows, d, outputs, x, inputs, from, count, adds, w)
}

// y += products, for N outputs and the columns begin ..< end.
INLINE void inner_tile(const int R, const int N, const float *w, const float *x, ptrdiff_t inputs, ptrdiff_t begin, ptrdiff_t end,
                       float *y, ptrdiff_t outputs) {
  vec sums[4][FEW_ROWS];
  UNROLL for (int o = 0; o < N; o++) UNROLL for (int r = 0; r < R; r++) sums[o][r] = splat(0);
  ptrdiff_t i = begin;
  ROLLED for (; i + LANES <= end; i += LANES) {
    vec v[4];
    UNROLL for (int o = 0; o < N; o++) v[o] = load(w + o * inputs + i);
    UNROLL for (int r = 0; r < R; r++) {
      vec u = load(x + r * inputs + i);
      UNROLL for (int o = 0; o < N; o++) sums[o][r] += v[o] * u;
    }
  }
  UNROLL for (int o = 0; o < N; o++) UNROLL for (int r = 0; r < R; r++) {
    float rest = 0;
    ROLLED for (ptrdiff_t j = i; j < end; j++) rest += w[o * inputs + j] * x[r * inputs + j];
    y[r * outputs + o] += sum1(sums[o][r]) + rest;
  }
}

INLINE void inner_rows(const int R, const float *w, const float *x, ptrdiff_t inputs, const float *bias, ptrdiff_t outputs,
                       ptrdiff_t from, ptrdiff_t count, float *y) {
  for (int r = 0; r < R; r++)
    for (ptrdiff_t o = from; o < from + count; o++) y[r * outputs + o] = bias ? bias[o] : 0;
  for (ptrdiff_t begin = 0; begin < inputs; begin += 4 * COLUMNS) {
    ptrdiff_t end = inputs - begin < 4 * COLUMNS ? inputs : begin + 4 * COLUMNS, o = from;
    ROLLED for (; o + 2 <= from + count; o += 2)
      inner_tile(R, 2, w + o * inputs, x, inputs, begin, end, y + o, outputs);
    if (o < from + count) inner_tile(R, 1, w + o * inputs, x, inputs, begin, end, y + o, outputs);
  }
}

static void inner(const float *w, const float *x, ptrdiff_t inputs, int rows, const float *bias, ptrdiff_t outputs, ptrdiff_t from,
                  ptrdiff_t count, float *y) {
  BY_ROWS(inner_rows, w, x, inputs, bias, outputs, from, count, y)
}

// x += products, for N outputs and the columns begin ..< end.
INLINE void inner_back_tile(const int R, const int N, const float *w, const float *d, ptrdiff_t outputs, ptrdiff_t inputs,
                            ptrdiff_t begin, ptrdiff_t end, float *x) {
  ptrdiff_t i = begin;
  ROLLED for (; i + LANES <= end; i += LANES) {
    vec v[4];
    UNROLL for (int o = 0; o < N; o++) v[o] = load(w + o * inputs + i);
    UNROLL for (int r = 0; r < R; r++) {
      vec sum = load(x + r * inputs + i);
      UNROLL for (int o = 0; o < N; o++) sum += d[r * outputs + o] * v[o];
      store(x + r * inputs + i, sum);
    }
  }
  ROLLED for (; i < end; i++)
    for (int r = 0; r < R; r++)
      for (int o = 0; o < N; o++) x[r * inputs + i] += d[r * outputs + o] * w[o * inputs + i];
}

INLINE void inner_back_rows(const int R, const float *w, const float *d, ptrdiff_t outputs, ptrdiff_t inputs, ptrdiff_t from,
                            ptrdiff_t count, float *x) {
  for (ptrdiff_t begin = from; begin < from + count; begin += COLUMNS) {
    ptrdiff_t end = from + count - begin < COLUMNS ? from + count : begin + COLUMNS, o = 0;
    for (int r = 0; r < R; r++) __builtin_memset(x + r * inputs + begin, 0, (size_t)(end - begin) * sizeof(float));
    ROLLED for (; o + 4 <= outputs; o += 4)
      inner_back_tile(R, 4, w + o * inputs, d + o, outputs, inputs, begin, end, x);
    ROLLED for (; o < outputs; o++) inner_back_tile(R, 1, w + o * inputs, d + o, outputs, inputs, begin, end, x);
  }
}

static void inner_back(const float *w, const float *d, ptrdiff_t outputs, int rows, ptrdiff_t inputs, ptrdiff_t from,
                       ptrdiff_t count, float *x) {
  BY_ROWS(inner_back_rows, w, d, outputs, inputs, from, count, x)
}

const struct TrainingKernels NAME(training) = {read_bytes, read_floats, nesterov, adagrad, rmsprop, adadelta, adam, add_signs,
                                               subtract, multiply, outer, inner, inner_back};

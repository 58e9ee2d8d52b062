// Convolution with pixels in lanes and a fused end, compiled once per instruction set; the tile is that of conv_body.h.

// The kinds of ends, which are known while compiling: without and with an addend; then no activation, ReLU, a leaky one.
#define FINISHES(F) F(0, 0) F(0, 1) F(0, 2) F(1, 0) F(1, 1) F(1, 2)
INLINE int finish_kind(const struct Finish *to) { return (to->addend ? 3 : 0) + (to->slope == 1 ? 0 : to->slope == 0 ? 1 : 2); }

INLINE vec finish(vec v, vec addend, int adds, int activates, float slope) {
  if (adds) v += addend;
  if (activates == 1) return 0 > v ? splat(0) : v;
  return activates ? v < 0 ? v * slope : v : v;
}

// y[i] = activation(v[i] + addend[i]), i < n; no access beyond.
INLINE void finish_kind_run(const float *v, int n, const float *addend, int adds, int activates, float slope, float *y) {
  int i = 0;
  for (; i + LANES <= n; i += LANES)
    store(y + i, finish(load(v + i), adds ? load(addend + i) : splat(0), adds, activates, slope));
  if (i == n) return;
  lanes_t rest = lanes_between(0, n - i);
  store_lanes(rest, y + i, finish(load_lanes(rest, v + i), adds ? load_lanes(rest, addend + i) : splat(0), adds, activates, slope));
}

static void finish_run(const float *v, int n, const struct Finish *to, ptrdiff_t at) {
#define FINISH_RUN(ADDS, ACTIVATES)                                                                                      \
  if (finish_kind(to) == 3 * ADDS + ACTIVATES)                                                                           \
    finish_kind_run(v, n, ADDS ? to->addend + at : 0, ADDS, ACTIVATES, to->slope, to->y + at);
  FINISHES(FINISH_RUN)
}

INLINE void pixels_tile(const int NO, const int NX, const float *x, const int *offset, int taps, const float *w,
                        const struct Finish *to, ptrdiff_t at) {
  vec a[8][8];
  UNROLL for (int o = 0; o < NO; o++)
    UNROLL for (int i = 0; i < NX; i++) a[o][i] = splat(to->bias ? to->bias[o] : 0);
  ROLLED for (int k = 0; k < taps; k++, w += NO) {
    const float *p = x + offset[k];
    vec t[8];
    if (NO < NX) {
      UNROLL for (int o = 0; o < NO; o++) t[o] = splat(w[o]);
      UNROLL for (int i = 0; i < NX; i++) {
        vec v = load(p + i * LANES);
        UNROLL for (int o = 0; o < NO; o++) a[o][i] += t[o] * v;
      }
    } else {
      UNROLL for (int i = 0; i < NX; i++) t[i] = load(p + i * LANES);
      UNROLL for (int o = 0; o < NO; o++) {
        vec v = splat(w[o]);
        UNROLL for (int i = 0; i < NX; i++) a[o][i] += v * t[i];
      }
    }
  }
#define PIXELS_END(ADDS, ACTIVATES)                                                                                      \
  if (kind == 3 * ADDS + ACTIVATES) {                                                                                    \
    UNROLL for (int o = 0; o < NO; o++)                                                                                  \
      UNROLL for (int i = 0; i < NX; i++) {                                                                              \
        ptrdiff_t p = at + o * to->plane + i * LANES;                                                                    \
        store(to->y + p, finish(a[o][i], ADDS ? load(to->addend + p) : splat(0), ADDS, ACTIVATES, to->slope));           \
      }                                                                                                                  \
    return;                                                                                                              \
  }
  int kind = finish_kind(to);
  FINISHES(PIXELS_END)
}

typedef void PixelsTile(const float *, const int *, int, const float *, const struct Finish *, ptrdiff_t);
#define PIXELS_INSTANCE(NO, NX, NT)                                                                                      \
  static void pixels_##NO(const float *x, const int *offset, int taps, const float *w, const struct Finish *to,          \
                          ptrdiff_t at) { pixels_tile(NO, NX, x, offset, taps, w, to, at); }                             \
  static void pixels1_##NO(const float *x, const int *offset, int taps, const float *w, const struct Finish *to,         \
                           ptrdiff_t at) { pixels_tile(NO, 1, x, offset, taps, w, to, at); }
SHAPES(PIXELS_INSTANCE)
#define PIXELS_ENTRY(NO, NX, NT) [NO] = {NX * LANES, pixels_##NO, pixels1_##NO},
static const struct { int wide; PixelsTile *tile, *tile1; } pixels_tiles[] = {SHAPES(PIXELS_ENTRY)};

// Pixels p ..< p + width of a run, of which those from `from` on are still to be written, by way of a buffer.
static void pixels_split(PixelsTile *tile, const float *x, const int *offset, int taps, const float *w, int outputs, int p,
                         int width, int from, int columns, int row, const struct Finish *to) {
  float buffer[8 * 8 * LANES];
  struct Finish there = {to->bias, 0, 1, buffer, width};
  tile(x + p, offset, taps, w, &there, 0);
  for (int o = 0; o < outputs; o++)
    for (int q = from, n; q < p + width; q += n) {
      int r = q / row, c = q - r * row, run = c < columns ? columns - c : row - c;
      n = run < p + width - q ? run : p + width - q;
      ptrdiff_t at = o * to->plane + (ptrdiff_t)r * columns + c;
      if (c < columns)
        finish_run(buffer + o * width + q - p, n, to, at);
    }
}

// Fewer pixels than a register holds, in memory that ends with them: no vectors.
static void pixels_few(const float *x, const int *offset, int taps, const float *w, int outputs, int count, int columns, int row,
                       const struct Finish *to) {
  for (int o = 0; o < outputs; o++)
    for (int p = 0; p < count; p++) {
      if (p % row >= columns) continue;
      float s = to->bias ? to->bias[o] : 0;
      for (int k = 0; k < taps; k++) s += w[k * outputs + o] * x[offset[k] + p];
      ptrdiff_t at = o * to->plane + (ptrdiff_t)(p / row) * columns + p % row;
      finish_run(&s, 1, to, at);
    }
}

static void pixels(const float *x, const int *offset, int taps, const float *w, int outputs, int rows, int columns, int row,
                   const struct Finish *to) {
  int B = block(outputs), count = (rows - 1) * row + columns;
  for (int from = 0, p, step; from < count; from = p + step) {
    int left = count - from, wide = pixels_tiles[B].wide;
    step = left >= wide || (count >= wide && left > LANES) ? wide : count >= LANES ? LANES : count;
    p = from + step > count ? count - step : from;   // the last tile overlaps the one before it
    int r = p / row, c = p - r * row, within = p == from && (row == columns || c + step <= columns);
    for (int o = 0; o < outputs; o += B) {
      int n = outputs - o < B ? outputs - o : B;
      const float *wo = w + (ptrdiff_t)o * taps;
      ptrdiff_t at = o * to->plane;
      struct Finish there = {to->bias ? to->bias + o : 0, to->addend ? to->addend + at : 0, to->slope, to->y + at, to->plane};
      if (step < LANES) pixels_few(x, offset, taps, wo, n, count, columns, row, &there);
      else if (step != pixels_tiles[n].wide || step == LANES) {
        for (int q = 0; q < step; q += LANES) {
          int begin = p + q > from ? p + q : from;
          if (begin < p + q + LANES)
            pixels_split(pixels_tiles[n].tile1, x, offset, taps, wo, n, p + q, LANES, begin, columns, row, &there);
        }
      } else if (within) pixels_tiles[n].tile(x + p, offset, taps, wo, &there, (ptrdiff_t)r * columns + c);
      else pixels_split(pixels_tiles[n].tile, x, offset, taps, wo, n, p, step, from, columns, row, &there);
    }
  }
}

// Convolution with outputs in lanes, compiled once per instruction set. One tile keeps NP results x NV registers of outputs and
// walks the list of taps; a result's pixel is any address, so strides, dilations and small maps cost nothing.

INLINE void outputs_tile(const int NV, const int NP, const float *x, const int *position, const int *offset, int taps,
                         const float *w, int fresh, float *sums, const float *ahead, ptrdiff_t step) {
  vec a[8][4];
  const float *p[8];
  UNROLL for (int i = 0; i < NP; i++) {
    p[i] = x + position[i];
    UNROLL for (int v = 0; v < NV; v++) a[i][v] = fresh ? splat(0) : load(sums + (i * NV + v) * LANES);
  }
  ROLLED for (int k = 0; k < taps; k++, w += NV * LANES, ahead += step) {
    ptrdiff_t at = offset[k];
    vec t[4];
    __builtin_prefetch(ahead, 0, 2);
    UNROLL for (int v = 0; v < NV; v++) t[v] = load(w + v * LANES);
    UNROLL for (int i = 0; i < NP; i++) {
      vec s = splat(p[i][at]);
      UNROLL for (int v = 0; v < NV; v++) a[i][v] += s * t[v];
    }
  }
  UNROLL for (int i = 0; i < NP; i++)
    UNROLL for (int v = 0; v < NV; v++) store(sums + (i * NV + v) * LANES, a[i][v]);
}

// Tiles (registers of outputs, results): at most 24 sums, so that weights and one pixel fit beside them; eight addresses.
#if REGISTERS == 32
#define WIDEST 4
#define OUTPUT_TILES(S)                                                                                                   \
  S(1, 1) S(1, 2) S(1, 3) S(1, 4) S(1, 5) S(1, 6) S(1, 7) S(1, 8) S(2, 1) S(2, 2) S(2, 3) S(2, 4) S(2, 5) S(2, 6) S(2, 7) \
  S(2, 8) S(3, 1) S(3, 2) S(3, 3) S(3, 4) S(3, 5) S(3, 6) S(3, 7) S(3, 8) S(4, 1) S(4, 2) S(4, 3) S(4, 4) S(4, 5) S(4, 6)
static const int most[] = {0, 8, 8, 8, 6};
#else
#define WIDEST 2
#define OUTPUT_TILES(S)                                                                                                   \
  S(1, 1) S(1, 2) S(1, 3) S(1, 4) S(1, 5) S(1, 6) S(1, 7) S(1, 8) S(2, 1) S(2, 2) S(2, 3) S(2, 4) S(2, 5) S(2, 6)
static const int most[] = {0, 8, 6};
#endif

typedef void OutputsTile(const float *, const int *, const int *, int, const float *, int, float *, const float *, ptrdiff_t);
#define OUTPUTS_INSTANCE(NV, NP)                                                                                         \
  static void outputs_##NV##_##NP(const float *x, const int *position, const int *offset, int taps, const float *w,      \
                                  int fresh, float *sums, const float *ahead, ptrdiff_t step) {                          \
    outputs_tile(NV, NP, x, position, offset, taps, w, fresh, sums, ahead, step); }
OUTPUT_TILES(OUTPUTS_INSTANCE)
#define OUTPUTS_ENTRY(NV, NP) [NV][NP] = outputs_##NV##_##NP,
static OutputsTile *const outputs_tiles[WIDEST + 1][9] = {OUTPUT_TILES(OUTPUTS_ENTRY)};

static void outputs(int vectors, const float *x, const int *position, int count, const int *offset, int taps, const float *w,
                    int fresh, float *sums, const float *ahead, size_t next) {
  int tiles = (count + most[vectors] - 1) / most[vectors];
  size_t steps = (size_t)tiles * taps, step = (next + steps - 1) / (steps ? steps : 1);
  if (step > 16) step = 16;
  for (int t = 0; t < tiles; t++) {
    int i = (int)((long)count * t / tiles), n = (int)((long)count * (t + 1) / tiles) - i;
    outputs_tiles[vectors][n](x, position + i, offset, taps, w, fresh, sums + (ptrdiff_t)i * vectors * LANES,
                              next ? ahead : w, next ? (ptrdiff_t)step : 0);
    ahead += step * taps;
  }
}

// v[i] lane j <-> v[j] lane i.
INLINE void transpose(vec v[LANES]) {
  UNROLL for (int width = 1; width < LANES; width *= 2) {
    vec t[LANES];
    UNROLL for (int i = 0; i < LANES / 2; i++) {
      t[2 * i] = __builtin_shufflevector(v[i], v[i + LANES / 2], ZIP_LOW);
      t[2 * i + 1] = __builtin_shufflevector(v[i], v[i + LANES / 2], ZIP_HIGH);
    }
    UNROLL for (int i = 0; i < LANES; i++) v[i] = t[i];
  }
}

// n x outputs of LANES x LANES sums, `width` floats a pixel, to pixel `at` of the first output's plane.
INLINE void spread_block(const float *sums, int width, int n, int outputs, int first, const struct Finish *to, ptrdiff_t at, int adds,
                         int activates) {
  vec v[LANES], bias = splat(0);
  if (to->bias) bias = outputs == LANES ? load(to->bias + first) : load_lanes(lanes_between(0, outputs), to->bias + first);
  UNROLL for (int i = 0; i < LANES; i++) v[i] = i < n ? load(sums + (ptrdiff_t)i * width) + bias : splat(0);
  transpose(v);
  if (n == LANES && outputs == LANES) {
    UNROLL for (int i = 0; i < LANES; i++, at += to->plane)
      store(to->y + at, finish(v[i], adds ? load(to->addend + at) : splat(0), adds, activates, to->slope));
    return;
  }
  lanes_t lanes = lanes_between(0, n);
  UNROLL for (int i = 0; i < LANES; i++, at += to->plane)
    if (i < outputs)
      store_lanes(lanes, to->y + at, finish(v[i], adds ? load_lanes(lanes, to->addend + at) : splat(0), adds, activates, to->slope));
}

INLINE void spread_kind(const float *sums, int width, int outputs, int count, const struct Finish *to, int adds, int activates) {
  for (int p = 0; p < count; p += LANES, sums += (ptrdiff_t)LANES * width)
    for (int o = 0; o < outputs; o += LANES) {
      int n = count - p, m = outputs - o;
      if (n >= LANES && m >= LANES) spread_block(sums + o, width, LANES, LANES, o, to, o * to->plane + p, adds, activates);
      else spread_block(sums + o, width, n < LANES ? n : LANES, m < LANES ? m : LANES, o, to, o * to->plane + p, adds, activates);
    }
}

static void spread(const float *sums, int width, int outputs, int count, const struct Finish *to) {
#define SPREAD(ADDS, ACTIVATES) \
  if (finish_kind(to) == 3 * ADDS + ACTIVATES) spread_kind(sums, width, outputs, count, to, ADDS, ACTIVATES);
  FINISHES(SPREAD)
}

static void gather(const float *y, ptrdiff_t plane, int outputs, int count, int width, float *sums) {
  for (int p = 0; p < count; p += LANES, sums += (ptrdiff_t)LANES * width) {
    int n = count - p < LANES ? count - p : LANES, back = n < LANES && count >= LANES ? LANES - n : 0;   // lanes known already
    for (int first = 0; first < width; first += LANES) {
      vec v[LANES];
      UNROLL for (int i = 0; i < LANES; i++) {
        const float *from = y + (first + i) * plane + p - back;
        v[i] = first + i >= outputs ? splat(0) : n + back == LANES ? load(from) : load_first(from, n);
      }
      transpose(v);
      UNROLL for (int i = 0; i < LANES; i++)
        if (i >= back && i < back + n) store(sums + (ptrdiff_t)(i - back) * width + first, v[i]);
    }
  }
}

// The end of a gradient by F(4, 3): what rows_gradient leaves out, and the transform of the sums.
static void gradient_rows(const float *m, ptrdiff_t plane, int channels, int row, float *w) {
  for (int c = 0; c < channels; c++, m += row, w += 3 * row)
    for (int i = 0; i < row; i += LANES) {
      vec a = load(m + i) * 0.25f, b = load(m + plane + i) * (-1.f / 6), d = load(m + 2 * plane + i) * (-1.f / 6);
      vec e = load(m + 3 * plane + i) * (1.f / 24), f = load(m + 4 * plane + i) * (1.f / 24), plus = b + d, plus2 = e + f;
      store(w + i, a + plus + plus2);
      store(w + row + i, b - d + 2 * (e - f));
      store(w + 2 * row + i, plus + 4 * plus2 + load(m + 5 * plane + i));
    }
}

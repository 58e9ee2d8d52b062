// Transforms of Winograd's F(4, 3) and F(4, 5) along y: four rows of results from six or eight products of transformed rows, for
// kernels of three or five rows. Points 0, 1, -1, 2, -2, then 1/2, -1/2 for the longer, and infinity. Whole rows are added, so that
// no lane is ever shuffled. Compiled once per instruction set; the six points' input transform is rows_in of winograd_body.h.
// Of the eight, (x^2 - 1) (x^2 - 4) (x^2 - 1/4) = x^6 - 21/4 x^4 + 21/4 x^2 - 1 gives the factors.

// v[t][p] of as many rows of x as there are points, at `stride`; `count` pixels, at least LANES.
static void transform_rows(int points, const float *x, ptrdiff_t stride, float *v, ptrdiff_t plane, int count) {
  if (points == 6) {
    rows_in(x, stride, v, plane, count);
    return;
  }
  for (int p = 0; p < count; p += LANES) {
    if (p + LANES > count) p = count - LANES;
    vec r[8];
    UNROLL for (int i = 0; i < 8; i++) r[i] = load(x + i * stride + p);
    vec even = r[6] + r[2] - 4.25f * r[4], odd = r[5] + r[1] - 4.25f * r[3];
    vec even2 = r[6] - 1.25f * r[4] + 0.25f * r[2], odd2 = 2 * r[5] - 2.5f * r[3] + 0.5f * r[1];
    vec even3 = r[6] - 5 * r[4] + 4 * r[2], odd3 = 0.5f * r[5] - 2.5f * r[3] + 2 * r[1];
    store(v + p, r[6] - r[0] + 5.25f * (r[2] - r[4]));
    store(v + plane + p, even + odd);
    store(v + 2 * plane + p, even - odd);
    store(v + 3 * plane + p, even2 + odd2);
    store(v + 4 * plane + p, even2 - odd2);
    store(v + 5 * plane + p, even3 + odd3);
    store(v + 6 * plane + p, even3 - odd3);
    store(v + 7 * plane + p, r[7] - r[1] + 5.25f * (r[3] - r[5]));
  }
}

// sums[r][i] of four rows, `row` floats apart, from the products m[t][i].
INLINE void combine_tile(const int points, const float *m, ptrdiff_t plane, int count, float *sums, ptrdiff_t row) {
  for (int i = 0; i < count; i += LANES) {
    vec t[8];
    UNROLL for (int k = 0; k < points; k++) t[k] = load(m + k * plane + i);
    vec plus = t[1] + t[2], minus = t[1] - t[2], plus2 = t[3] + t[4], minus2 = t[3] - t[4];
    vec a = t[0] + plus + plus2, b = minus + 2 * minus2, c = plus + 4 * plus2, d = minus + 8 * minus2 + t[points - 1];
    if (points == 8) {
      vec plus3 = t[5] + t[6], minus3 = t[5] - t[6];
      a += plus3;
      b += 0.5f * minus3;
      c += 0.25f * plus3;
      d += 0.125f * minus3;
    }
    store(sums + i, a);
    store(sums + row + i, b);
    store(sums + 2 * row + i, c);
    store(sums + 3 * row + i, d);
  }
}

static void combine_rows(int points, const float *m, ptrdiff_t plane, int count, float *sums, ptrdiff_t row) {
  if (points == 6) combine_tile(6, m, plane, count, sums, row);
  else combine_tile(8, m, plane, count, sums, row);
}

// d[t][i] of four rows of a gradient, `row` floats apart, of which `rows` exist; without the factors 1 / N[t], which belong to
// the products' sums.
INLINE void expand_tile(const int points, const float *dy, ptrdiff_t row, int rows, float *d, ptrdiff_t plane, int count) {
  for (int i = 0; i < count; i += LANES) {
    vec a = load(dy + i), b = rows > 1 ? load(dy + row + i) : splat(0), c = rows > 2 ? load(dy + 2 * row + i) : splat(0);
    vec e = rows > 3 ? load(dy + 3 * row + i) : splat(0);
    vec even = a + c, odd = b + e, even2 = a + 4 * c, odd2 = 2 * b + 8 * e;
    store(d + i, a);
    store(d + plane + i, even + odd);
    store(d + 2 * plane + i, even - odd);
    store(d + 3 * plane + i, even2 + odd2);
    store(d + 4 * plane + i, even2 - odd2);
    if (points == 8) {
      vec even3 = a + 0.25f * c, odd3 = 0.5f * b + 0.125f * e;
      store(d + 5 * plane + i, even3 + odd3);
      store(d + 6 * plane + i, even3 - odd3);
    }
    store(d + (points - 1) * plane + i, e);
  }
}

static void expand_rows(int points, const float *dy, ptrdiff_t row, int rows, float *d, ptrdiff_t plane, int count) {
  if (points == 6) expand_tile(6, dy, row, rows, d, plane, count);
  else expand_tile(8, dy, row, rows, d, plane, count);
}

// Weights to points, and sums over points back to weights: the rows of points[t]^y / N[t] by taps y, infinity last.
static const float to_points3[6][3] = {{1 / 4.f, 0, 0}, {-1 / 6.f, -1 / 6.f, -1 / 6.f}, {-1 / 6.f, 1 / 6.f, -1 / 6.f},
                                       {1 / 24.f, 1 / 12.f, 1 / 6.f}, {1 / 24.f, -1 / 12.f, 1 / 6.f}, {0, 0, 1}};
static const float to_points5[8][5] = {
  {-1, 0, 0, 0, 0}, {-2 / 9.f, -2 / 9.f, -2 / 9.f, -2 / 9.f, -2 / 9.f}, {-2 / 9.f, 2 / 9.f, -2 / 9.f, 2 / 9.f, -2 / 9.f},
  {1 / 90.f, 1 / 45.f, 2 / 45.f, 4 / 45.f, 8 / 45.f}, {1 / 90.f, -1 / 45.f, 2 / 45.f, -4 / 45.f, 8 / 45.f},
  {32 / 45.f, 16 / 45.f, 8 / 45.f, 4 / 45.f, 2 / 45.f}, {32 / 45.f, -16 / 45.f, 8 / 45.f, -4 / 45.f, 2 / 45.f}, {0, 0, 0, 0, 1}};

// u[t][i] = sum over y of to_points[t][y] w[y][i], rows of w `row` floats apart.
static void weights_in(int points, const float *w, ptrdiff_t row, float *u, ptrdiff_t plane, int count) {
  for (int i = 0; i < count; i += LANES) {
    vec r[5];
    UNROLL for (int y = 0; y < 3; y++) r[y] = load(w + y * row + i);
    if (points == 6) {
      UNROLL for (int t = 0; t < 6; t++)
        store(u + t * plane + i, to_points3[t][0] * r[0] + to_points3[t][1] * r[1] + to_points3[t][2] * r[2]);
      continue;
    }
    UNROLL for (int y = 3; y < 5; y++) r[y] = load(w + y * row + i);
    UNROLL for (int t = 0; t < 8; t++) {
      vec sum = to_points5[t][0] * r[0];
      UNROLL for (int y = 1; y < 5; y++) sum += to_points5[t][y] * r[y];
      store(u + t * plane + i, sum);
    }
  }
}

// w[y][i] = sum over t of to_points[t][y] u[t][i].
static void weights_out(int points, const float *u, ptrdiff_t plane, float *w, ptrdiff_t row, int count) {
  for (int i = 0; i < count; i += LANES) {
    vec r[5];
    UNROLL for (int y = 0; y < 5; y++) r[y] = splat(0);
    if (points == 6) {
      UNROLL for (int t = 0; t < 6; t++)
        UNROLL for (int y = 0; y < 3; y++) r[y] += to_points3[t][y] * load(u + t * plane + i);
    } else {
      UNROLL for (int t = 0; t < 8; t++)
        UNROLL for (int y = 0; y < 5; y++) r[y] += to_points5[t][y] * load(u + t * plane + i);
    }
    UNROLL for (int y = 0; y < 5; y++)
      if (y < points - 3) store(w + y * row + i, r[y]);
  }
}

// Pooling of commonly used windows by vectors: maxima with their places and averages, with stride 1 or 2. Compiled once per instruction set. See kernels.h.
// Bits are those of vector_body.h, whose loops do all other windows.

// y[i] = v[i], i < n; of `room` numbers from y on, those behind n may get anything.
INLINE void store_some(float *y, vec v, ptrdiff_t n, ptrdiff_t room) {
  if (room >= LANES) store(y, v);
  else store_lanes(lanes_between(0, (int)n), y, v);
}

INLINE void larger_place(vec v, ivec place, vec *best, ivec *at) {
  ivec larger = v > *best;
  *best = larger ? v : *best;
  *at = larger ? place : *at;
}

static void max_pool_pairs(const struct PoolWindow *s, ptrdiff_t planes, const float *x, float *y, int32_t *which) {
  ptrdiff_t width = s->width, columns = s->out_width, rows = planes * s->out_height;
  ptrdiff_t read = 2 * rows * width, written = rows * columns;
  ivec lane;
  UNROLL for (int i = 0; i < LANES; i++) lane[i] = 2 * i;
  int32_t row = 0;   // of the plane
  for (ptrdiff_t r = 0; r < rows; r++, row = row + 1 == s->out_height ? 0 : row + 1)
    for (ptrdiff_t c = 0; c < columns; c += LANES) {
      ptrdiff_t in = 2 * r * width + 2 * c, out = r * columns + c, n = columns - c < LANES ? columns - c : LANES;
      const float *from = x + in;
      vec a, b, d, e, best = splat(-FLT_MAX);
      if (in + width + 2 * LANES <= read) {
        a = load(from), b = load(from + LANES), d = load(from + width), e = load(from + width + LANES);
      } else {
        lanes_t first = lanes_between(0, 2 * (int)n), second = lanes_between(0, 2 * (int)n - LANES);
        a = load_lanes(first, from), b = load_lanes(second, from + LANES);
        d = load_lanes(first, from + width), e = load_lanes(second, from + width + LANES);
      }
      ivec at = (ivec)(-1), place = lane + (int32_t)(2 * row * width + 2 * c);
      larger_place(__builtin_shufflevector(a, b, EVENS), place, &best, &at);
      larger_place(__builtin_shufflevector(a, b, ODDS), place + 1, &best, &at);
      larger_place(__builtin_shufflevector(d, e, EVENS), place + (int32_t)width, &best, &at);
      larger_place(__builtin_shufflevector(d, e, ODDS), place + (int32_t)width + 1, &best, &at);
      store_some(y + out, best, n, written - out);
      store_some((float *)which + out, (vec)at, n, written - out);
    }
}

// The floats of a padded row with room for registers behind what windows read.
INLINE int padded_row(const struct PoolWindow *s) {
  int read = (s->out_width + LANES) * s->stride_w + s->kernel_w + LANES;
  return read > s->pad_w + s->width ? read : s->pad_w + s->width;
}

INLINE void copy_row(const float *x, int width, float *line) {
  for (int i = 0; i < width; i += LANES) {
    if (width < LANES) {
      store_lanes(lanes_between(0, width), line, load_lanes(lanes_between(0, width), x));
      return;
    }
    if (i + LANES > width) i = width - LANES;
    store(line + i, load(x + i));
  }
}

// The maxima of one row of windows over `rows` rows of the plane; line[r] are those rows, padded, and `start` is the
// index of the first one's padded column 0.
INLINE void max_row(const struct PoolWindow *s, int kernel, int stride, float *const line[POOL_ROWS], int rows, int32_t start,
                    ptrdiff_t room, float *y, int32_t *which) {
  ivec lane;
  UNROLL for (int i = 0; i < LANES; i++) lane[i] = i * stride + start;
  for (int c = 0; c < s->out_width; c += LANES) {
    vec best = splat(-FLT_MAX);
    ivec at = (ivec)(-1);
    for (int r = 0; r < rows; r++) {
      const float *from = line[r] + c * stride;
      ivec place = lane + (r * s->width + c * stride);
      for (int k = 0; k < kernel; k += stride) {
        if (stride == 1) {
          larger_place(load(from + k), place + k, &best, &at);
          continue;
        }
        vec a = load(from + k), b = load(from + k + LANES);
        larger_place(__builtin_shufflevector(a, b, EVENS), place + k, &best, &at);
        if (k + 1 < kernel) larger_place(__builtin_shufflevector(a, b, ODDS), place + k + 1, &best, &at);
      }
    }
    store_some(y + c, best, s->out_width - c, room - c);
    store_some((float *)which + c, (vec)at, s->out_width - c, room - c);
  }
}

static void max_places(const struct PoolWindow *s, const float *x, float *y, int32_t *which) {
  float rows[POOL_FLOATS];
  int length = padded_row(s), copied = 0;
  for (int i = 0; i < length * s->kernel_h; i++) rows[i] = -FLT_MAX;
  for (int r = 0; r < s->out_height; r++) {
    int top = r * s->stride_h - s->pad_h, from = top < 0 ? 0 : top, count = 0;
    int to = top + s->kernel_h < s->height ? top + s->kernel_h : s->height;
    float *line[POOL_ROWS];
    for (int row = from; row < to; row++) {
      line[count] = rows + row % s->kernel_h * length;
      if (row >= copied) copy_row(x + (ptrdiff_t)row * s->width, s->width, line[count] + s->pad_w), copied = row + 1;
      count++;
    }
    ptrdiff_t out = (ptrdiff_t)r * s->out_width, room = (ptrdiff_t)s->out_height * s->out_width - out;
    int32_t start = from * s->width - s->pad_w;
    if (s->kernel_w == 3 && s->stride_w == 2) max_row(s, 3, 2, line, count, start, room, y + out, which + out);
    else if (s->kernel_w == 3 && s->stride_w == 1) max_row(s, 3, 1, line, count, start, room, y + out, which + out);
    else if (s->stride_w == 2) max_row(s, s->kernel_w, 2, line, count, start, room, y + out, which + out);
    else max_row(s, s->kernel_w, 1, line, count, start, room, y + out, which + out);
  }
}

static void max_any(const struct PoolWindow *s, const float *x, float *y, int32_t *which) {
  int known = which && s->stride_w <= 2 && s->kernel_h <= POOL_ROWS && (long)padded_row(s) * s->kernel_h <= POOL_FLOATS;
  if (known) max_places(s, x, y, which);
  else max_pool(s, x, y, which);
}

enum { AVERAGE_FLOATS = 4096 };   // of a padded row

// The columns of each phase of the stride in a padded row, with room for registers behind what windows read or write.
INLINE int average_length(const struct PoolWindow *s) {
  int reach = (s->kernel_w + s->pad_w + s->stride_w) / s->stride_w, columns = (s->width + s->pad_w) / s->stride_w + 1;
  return (columns > s->out_width ? columns : s->out_width) + reach + 2 * LANES;
}

static int averages_by_vectors(const struct PoolWindow *s) {
  if ((s->out_height == 1 && s->out_width == 1) || s->stride_w > 2) return 0;
  return (ptrdiff_t)average_length(s) * s->stride_w <= AVERAGE_FLOATS && s->kernel_w <= 64 && s->out_width <= AVERAGE_FLOATS - LANES;
}

INLINE void average_columns(const struct PoolWindow *s, float *lengths) {
  for (int c = 0; c < s->out_width; c++) lengths[c] = (float)pool_length(c, s->kernel_w, s->stride_w, s->pad_w, s->width);
  for (int c = s->out_width; c < s->out_width + LANES; c++) lengths[c] = 1;
}

// line[i] = the sum of `rows` rows' numbers at i, i < width.
INLINE void sum_rows(const float *x, int width, int rows, float *line) {
  for (int i = 0; i < width; i += LANES) {
    vec sum = splat(0);
    if (width - i < LANES && i > 0) i = width - LANES;
    if (i + LANES <= width) {
      for (int r = 0; r < rows; r++) sum += load(x + (ptrdiff_t)r * width + i);
      store(line + i, sum);
    } else {
      lanes_t lanes = lanes_between(0, width);
      for (int r = 0; r < rows; r++) sum += load_lanes(lanes, x + (ptrdiff_t)r * width);
      store_lanes(lanes, line, sum);
    }
  }
}

// Sums down the columns first, then across.
static void average_rows(const struct PoolWindow *s, const float *x, float *y) {
  float lengths[AVERAGE_FLOATS], line[2 * AVERAGE_FLOATS];
  int written = s->out_height * s->out_width, kernel = s->kernel_w;
  average_columns(s, lengths);
  for (int i = 0; i < average_length(s) * s->stride_w; i++) line[i] = 0;
  for (int r = 0; r < s->out_height; r++) {
    int top = r * s->stride_h - s->pad_h, from = top < 0 ? 0 : top;
    int to = top + s->kernel_h < s->height ? top + s->kernel_h : s->height;
    if (to - from == 3) sum_rows(x + (ptrdiff_t)from * s->width, s->width, 3, line + s->pad_w);
    else sum_rows(x + (ptrdiff_t)from * s->width, s->width, to - from, line + s->pad_w);
    float high = (float)pool_length(r, s->kernel_h, s->stride_h, s->pad_h, s->height);
    for (int c = 0; c < s->out_width; c += LANES) {
      vec sum = splat(0);
      const float *first = line + c * s->stride_w;
      for (int k = 0; k < kernel; k += s->stride_w) {
        if (s->stride_w == 1) {
          sum += load(first + k);
          continue;
        }
        vec a = load(first + k), b = load(first + k + LANES);
        sum += __builtin_shufflevector(a, b, EVENS);
        if (k + 1 < kernel) sum += __builtin_shufflevector(a, b, ODDS);
      }
      int out = r * s->out_width + c;
      store_some(y + out, sum / (high * load(lengths + c)), s->out_width - c, written - out);
    }
  }
}

// Padded columns p + stride * j of a row, j in lanes: the shares of windows j - q, of which they are tap p + stride * q, the first
// window first.
INLINE vec column_shares(const struct PoolWindow *s, const float *shares, int p, int j) {
  vec sum = splat(0);
  for (int q = s->kernel_w > p ? (s->kernel_w - 1 - p) / s->stride_w : -1; q >= 0; q--) sum += load(shares + j - q);
  return sum;
}

INLINE void row_shares(const struct PoolWindow *s, const float *shares, int length, float *row) {
  for (int j = 0; j < length; j += LANES) {
    if (s->stride_w == 1) store(row + j, column_shares(s, shares, 0, j));
    else zip(row + 2 * j, column_shares(s, shares, 0, j), column_shares(s, shares, 1, j));
  }
}

// Each row of windows gives one row of shares, which the rows under it get.
static void average_unrows(const struct PoolWindow *s, const float *dy, float *dx) {
  float lengths[AVERAGE_FLOATS], shares[AVERAGE_FLOATS + 64 + 2 * LANES], row[2 * AVERAGE_FLOATS];
  int before = (s->kernel_w - 1) / s->stride_w, length = average_length(s);
  average_columns(s, lengths);
  for (int i = 0; i < before; i++) shares[i] = 0;
  for (int i = 0; i < length + LANES; i++) shares[before + i] = 0;
  int done = 0;   // rows of dx that have a value
  for (int r = 0; r < s->out_height; r++) {
    int top = r * s->stride_h - s->pad_h, from = top < 0 ? 0 : top;
    int to = top + s->kernel_h < s->height ? top + s->kernel_h : s->height;
    float high = (float)pool_length(r, s->kernel_h, s->stride_h, s->pad_h, s->height);
    for (int c = 0; c < s->out_width; c++) shares[before + c] = dy[r * s->out_width + c] / (high * lengths[c]);
    row_shares(s, shares + before, length, row);
    const float *line = row + s->pad_w;
    for (; done < from && done < s->height; done++)
      for (int i = 0; i < s->width; i++) dx[done * s->width + i] = 0;
    for (int q = from; q < to; q++) {
      float *to_row = dx + q * s->width;
      int fresh = q >= done, i = 0;
      for (; i + LANES <= s->width; i += LANES) store(to_row + i, fresh ? load(line + i) : load(to_row + i) + load(line + i));
      ROLLED for (; i < s->width; i++) to_row[i] = (fresh ? 0 : to_row[i]) + line[i];
    }
    if (to > done) done = to;
  }
  for (; done < s->height; done++)
    for (int i = 0; i < s->width; i++) dx[done * s->width + i] = 0;
}

static void average_any(const struct PoolWindow *s, const float *x, float *y) {
  if (averages_by_vectors(s)) average_rows(s, x, y);
  else average_pool(s, x, y);
}

static void unaverage_any(const struct PoolWindow *s, const float *dy, float *dx) {
  if (averages_by_vectors(s)) average_unrows(s, dy, dx);
  else average_unpool(s, dy, dx);
}

// Max pooling with the maxima's places, windows with stride 1 or 2, by whole registers and masks; vector_body.h does the others, and
// the bits are the same. Compiled once per instruction set. See kernels.h.

// y[i] = v[i], i < n; of `room` numbers from y on, those behind n may get anything.
INLINE void store_room(float *y, vec v, ptrdiff_t n, ptrdiff_t room) {
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
      store_room(y + out, best, n, written - out);
      store_room((float *)which + out, (vec)at, n, written - out);
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
    store_room(y + c, best, s->out_width - c, room - c);
    store_room((float *)which + c, (vec)at, s->out_width - c, room - c);
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

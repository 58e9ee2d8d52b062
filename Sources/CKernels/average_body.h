// Average pooling; compiled once per instruction set. See kernels.h.

INLINE int pool_length(int window, int kernel, int stride, int pad, int input) {
  int start = window * stride - pad, end = start + kernel;
  return (end < input + pad ? end : input + pad) - start;
}

// Rows of a window that lie in the plane.
struct Rows { int from, to; };
INLINE struct Rows rows_of(const struct PoolWindow *s, int r) {
  int top = r * s->stride_h - s->pad_h, end = top + s->kernel_h;
  return (struct Rows){top < 0 ? 0 : top, end < s->height ? end : s->height};
}

// Lengths of what an average needs: a row's phases, its windows, and itself.
struct AverageSizes { int phase, parts, line, before; };
enum { AVERAGE_FLOATS = 16384 };
INLINE struct AverageSizes average_sizes(const struct PoolWindow *s) {
  int before = (s->kernel_w - 1) / s->stride_w, columns = (s->width + s->pad_w) / s->stride_w + 1;
  int windows = s->out_width > columns ? s->out_width : columns;
  return (struct AverageSizes){windows + before + 2 * LANES, before + windows + 2 * LANES, s->width + LANES, before};
}
INLINE int fits(const struct PoolWindow *s) {
  if (s->width > AVERAGE_FLOATS || s->kernel_w > AVERAGE_FLOATS || s->stride_w > AVERAGE_FLOATS) return 0;
  struct AverageSizes a = average_sizes(s);
  return (long)a.phase * s->stride_w + a.parts + a.line + s->out_width <= AVERAGE_FLOATS;
}

// A row by phases of the stride: phase p holds columns p, p + stride, ... of the padded row; what is outside is left alone.
INLINE void spread_phases(const float *x, const struct PoolWindow *s, int length, float *row) {
  if (s->stride_w == 1) { memcpy(row + s->pad_w, x, (size_t)s->width * sizeof(float)); return; }
  int c = 0, pad = s->pad_w;
  if (s->stride_w == 2 && s->width >= 2 * LANES) {
    float *first = row + (pad & 1) * length + pad / 2, *second = row + (~pad & 1) * length + (pad + 1) / 2;
    for (int last = (s->width - 2 * LANES) & ~1;; c = c + 2 * LANES < last ? c + 2 * LANES : last) {
      vec a = load(x + c), b = load(x + c + LANES);
      store(first + c / 2, __builtin_shufflevector(a, b, EVENS));
      store(second + c / 2, __builtin_shufflevector(a, b, ODDS));
      if (c == last) break;
    }
    c += 2 * LANES;
  }
  for (int i = c; i < s->width && i < c + s->stride_w; i++) {
    float *to = row + (i + pad) % s->stride_w * length + (i + pad) / s->stride_w;
    for (int column = i; column < s->width; column += s->stride_w) *to++ = x[column];
  }
}

// The row whose phases these are.
INLINE const float *join_phases(const float *row, const struct PoolWindow *s, int length, float *line) {
  if (s->stride_w == 1) return row + s->pad_w;
  int c = 0, pad = s->pad_w;
  if (s->stride_w == 2 && s->width >= 2 * LANES) {
    const float *first = row + (pad & 1) * length + pad / 2, *second = row + (~pad & 1) * length + (pad + 1) / 2;
    for (int last = (s->width - 2 * LANES) & ~1;; c = c + 2 * LANES < last ? c + 2 * LANES : last) {
      vec a = load(first + c / 2), b = load(second + c / 2);
      store(line + c, __builtin_shufflevector(a, b, ZIP_LOW));
      store(line + c + LANES, __builtin_shufflevector(a, b, ZIP_HIGH));
      if (c == last) break;
    }
    c += 2 * LANES;
  }
  for (int i = c; i < s->width && i < c + s->stride_w; i++) {
    const float *from = row + (i + pad) % s->stride_w * length + (i + pad) / s->stride_w;
    for (int column = i; column < s->width; column += s->stride_w) line[column] = *from++;
  }
  return line;
}

// The sums of some rows.
INLINE void sum_rows(const float *x, int rows, int width, float *sums) {
  if (width < LANES) {
    for (int i = 0; i < width; i++) sums[i] = 0;
    for (int k = 0; k < rows; k++)
      for (int i = 0; i < width; i++) sums[i] += x[(ptrdiff_t)k * width + i];
    return;
  }
  for (int i = 0;; i = i + 2 * LANES <= width ? i + LANES : width - LANES) {   // the last ones overlap those before
    vec total = splat(0);
    for (int k = 0; k < rows; k++) total += load(x + (ptrdiff_t)k * width + i);
    store(sums + i, total);
    if (i + LANES >= width) break;
  }
}

INLINE int covers_all(const struct PoolWindow *s) {
  return s->out_height == 1 && s->out_width == 1 && s->pad_h == 0 && s->pad_w == 0 && s->kernel_h >= s->height
    && s->kernel_w >= s->width;
}

// By plain loops: windows of rows that are longer than the memory for phases.
static void average_windows(const struct PoolWindow *s, const float *x, float *y) {
  for (int r = 0; r < s->out_height; r++)
    for (int c = 0; c < s->out_width; c++) {
      struct Rows rows = rows_of(s, r);
      int left = c * s->stride_w - s->pad_w, right = left + s->kernel_w;
      float total = 0;
      for (int row = rows.from; row < rows.to; row++)
        for (int i = left < 0 ? 0 : left; i < right && i < s->width; i++) total += x[(ptrdiff_t)row * s->width + i];
      y[r * s->out_width + c] = total / (float)(pool_length(r, s->kernel_h, s->stride_h, s->pad_h, s->height)
                                                * pool_length(c, s->kernel_w, s->stride_w, s->pad_w, s->width));
    }
}

static void average_unpool_windows(const struct PoolWindow *s, const float *dy, float *dx) {
  for (int r = 0; r < s->out_height; r++)
    for (int c = 0; c < s->out_width; c++) {
      struct Rows rows = rows_of(s, r);
      int left = c * s->stride_w - s->pad_w, right = left + s->kernel_w;
      float part = dy[r * s->out_width + c] / (float)(pool_length(r, s->kernel_h, s->stride_h, s->pad_h, s->height)
                                                      * pool_length(c, s->kernel_w, s->stride_w, s->pad_w, s->width));
      for (int row = rows.from; row < rows.to; row++)
        for (int i = left < 0 ? 0 : left; i < right && i < s->width; i++) dx[(ptrdiff_t)row * s->width + i] += part;
    }
}

// Sums down the columns first, then across.
static void average_pool(const struct PoolWindow *s, const float *x, float *y) {
  if (covers_all(s)) {
    *y = sum(x, s->height * s->width) / (float)(s->height * s->width);
    return;
  }
  if (!fits(s)) { average_windows(s, x, y); return; }
  struct AverageSizes sizes = average_sizes(s);
  float memory[AVERAGE_FLOATS], *row = memory, *lengths = row + sizes.phase * s->stride_w, *line = lengths + sizes.parts;
  for (int i = 0; i < sizes.phase * s->stride_w; i++) row[i] = 0;
  for (int c = 0; c < sizes.parts; c++)
    lengths[c] = c < s->out_width ? (float)pool_length(c, s->kernel_w, s->stride_w, s->pad_w, s->width) : 1;
  for (int r = 0; r < s->out_height; r++) {
    struct Rows rows = rows_of(s, r);
    float height = (float)pool_length(r, s->kernel_h, s->stride_h, s->pad_h, s->height), *out = y + r * s->out_width;
    sum_rows(x + (ptrdiff_t)rows.from * s->width, rows.to - rows.from, s->width, line);
    spread_phases(line, s, sizes.phase, row);
    for (int c = 0; c < s->out_width; c += LANES) {
      if (c + LANES > s->out_width && s->out_width > LANES) c = s->out_width - LANES;
      const float *phase = row + c;
      vec total = splat(0);
      for (int kx = 0, p = 0; kx < s->kernel_w; kx++) {
        total += load(phase + p * sizes.phase);
        if (++p == s->stride_w) p = 0, phase++;
      }
      total /= load(lengths + c) * splat(height);
      if (s->out_width >= LANES) store(out + c, total);
      else store_first(out + c, total, s->out_width);
    }
  }
}

// Each row of dy spreads along its columns first, then to all rows of its windows.
static void average_unpool(const struct PoolWindow *s, const float *dy, float *dx) {
  ptrdiff_t count = (ptrdiff_t)s->height * s->width;
  if (covers_all(s)) {
    float part = *dy / (float)count;
    for (ptrdiff_t i = 0; i < count; i++) dx[i] = part;
    return;
  }
  memset(dx, 0, (size_t)count * sizeof(float));
  if (!fits(s)) { average_unpool_windows(s, dy, dx); return; }
  struct AverageSizes sizes = average_sizes(s);
  float memory[AVERAGE_FLOATS], *row = memory, *parts = row + sizes.phase * s->stride_w, *line = parts + sizes.parts;
  float *lengths = line + sizes.line;
  for (int i = 0; i < sizes.parts; i++) parts[i] = 0;
  for (int c = 0; c < s->out_width; c++) lengths[c] = (float)pool_length(c, s->kernel_w, s->stride_w, s->pad_w, s->width);
  int columns = (s->width + s->pad_w - 1) / s->stride_w + 1;
  for (int r = 0; r < s->out_height; r++) {
    struct Rows rows = rows_of(s, r);
    float height = (float)pool_length(r, s->kernel_h, s->stride_h, s->pad_h, s->height);
    const float *from = dy + r * s->out_width;
    int c = 0;
    for (; c + LANES <= s->out_width; c += LANES)
      store(parts + sizes.before + c, load(from + c) / (load(lengths + c) * splat(height)));
    for (; c < s->out_width; c++) parts[sizes.before + c] = from[c] / (lengths[c] * height);
    // Phase p of the padded row: for each of its columns the parts of all windows that cover it.
    for (int p = 0; p < s->stride_w; p++) {
      int taps = p < s->kernel_w ? (s->kernel_w - p - 1) / s->stride_w + 1 : 0;
      for (int q = 0; q < columns; q += LANES) {
        vec total = splat(0);
        for (int m = 0; m < taps; m++) total += load(parts + sizes.before + q - m);
        store(row + p * sizes.phase + q, total);
      }
    }
    const float *spread = join_phases(row, s, sizes.phase, line);
    for (int i = rows.from; i < rows.to; i++) {
      float *to = dx + (ptrdiff_t)i * s->width;
      for (c = 0; c + LANES <= s->width; c += LANES) store(to + c, load(to + c) + load(spread + c));
      int left = s->width - c;
      if (left > 0) store_first(to + c, load_first(to + c, left) + load(spread + c), left);
    }
  }
}

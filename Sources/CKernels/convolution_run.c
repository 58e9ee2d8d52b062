// The passes that write results, forward and backward data (see convolution_plan.h).
#include "convolution_plan.h"
#include <string.h>

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }

// The largest share of `n` pieces among `parts` workers, of all.
static double largest(int n, int parts) { return (double)((n + parts - 1) / parts) / n; }

// Divides groups, blocks of outputs or rows: blocks if the weights are more than what is read, for then each worker reads its own
// only.
static struct Share walk_share(const struct Walk *walk, int part, int parts) {
  struct Share s = {0, walk->group, 0, walk->blocks, 0, walk->rows, walk->across < walk->outputs};
  int step = walk->winograd ? 4 : 1, rows = (walk->rows + step - 1) / step, units = walk->blocks + s.rest;
  long read = (long)walk->source.channels * walk->source.height * walk->source.width / walk->source.stride_h;
  int heavy = (long)walk->weights > (read > 100000 ? read : 100000);
  if (walk->group >= 4 * parts) {
    s.group = (int)((long)walk->group * part / parts);
    s.groups = (int)((long)walk->group * (part + 1) / parts);
  } else if (largest(units, parts) < largest(rows, parts) * (heavy ? 1.05 : 0.9)) {
    s.block = least(walk->blocks, units * part / parts);
    s.blocks = least(walk->blocks, units * (part + 1) / parts);
    s.rest = s.rest && part == parts - 1;
  } else {
    s.row = least(walk->rows, step * (int)((long)rows * part / parts));
    s.rows = least(walk->rows, step * (int)((long)rows * (part + 1) / parts));
  }
  return s;
}

void walk_sums(const struct Walk *walk, const struct Kernels *set, const struct Grid *grid, int vectors, const float *x,
               const int *position, int count, const float *w, int last, float *sums) {
  ptrdiff_t width = (ptrdiff_t)vectors * set->lanes;
  for (int k = 0; k < grid->taps; k += walk->depth) {
    int n = least(walk->depth, grid->taps - k);
    set->convolution->outputs(vectors, x, position, count, grid->offset + k, n, w + k * width, k == 0, sums,
                              w + (k + n) * width, last ? n * width : 0);
  }
}

// Writes to every step-th pixel what lies dense in `from`.
static void scatter(const struct Walk *walk, const struct Grid *grid, const float *from, int outputs, int first, int rows, float *y) {
  for (int o = 0; o < outputs; o++)
    for (int r = first; r < first + rows; r++) {
      float *to = y + (ptrdiff_t)o * walk->height * walk->width + ((ptrdiff_t)r * grid->step_h + grid->to_row) * walk->width +
                  (ptrdiff_t)grid->column * grid->step_w + grid->to_column;
      for (int c = 0; c < grid->columns; c++, to += grid->step_w) *to = from ? *from++ : 0;
    }
}

static struct Finish moved(const struct Finish *to, int output, ptrdiff_t pixels) {
  ptrdiff_t at = output * to->plane + pixels;
  return (struct Finish){to->bias ? to->bias + output : 0, to->addend ? to->addend + at : 0, to->slope, to->y + at, to->plane};
}

// Rows first ..< first + rows of a grid, of one group; x lies at the first row's position 0.
static void run_grid(const struct Walk *walk, const struct Kernels *set, const struct Grid *grid, const float *packed,
                     const float *x, const struct Finish *to, int first, int rows, float *scratch, const struct Share *share) {
  int stepped = grid->step_h > 1 || grid->step_w > 1, count = rows * grid->columns, lanes = set->lanes;
  ptrdiff_t start = stepped ? 0 : (ptrdiff_t)first * walk->width;
  float *sums = scratch, *dense = scratch + (ptrdiff_t)walk->chunk * set->convolution->vectors * lanes;
  const float *w = packed + grid->packed;
  for (int b = share->block; b < share->blocks; b++) {
    int output = block_start(walk, b) * lanes, vectors = block_vectors(walk, b);
    int n = least(walk->across - output, vectors * lanes);
    struct Finish there = stepped ? (struct Finish){0, 0, 1, dense, count} : moved(to, output, start);
    for (int p = 0, step; p < count; p += step) {
      step = least(walk->chunk, count - p);
      walk_sums(walk, set, grid, vectors, x, grid->position + p, step, w + (ptrdiff_t)output * grid->taps, p + step == count, sums);
      struct Finish piece = moved(&there, 0, p);
      set->convolution->spread(sums, vectors * lanes, n, step, &piece);
    }
    if (stepped) scatter(walk, grid, dense, n, first, rows, to->y + output * to->plane);
  }
  if (share->rest) {
    int n = walk->outputs - walk->across;
    struct Finish there = stepped ? (struct Finish){0, 0, 1, dense, count} : moved(to, walk->across, start);
    set->convolution->pixels(x, grid->offset, grid->taps, w + (ptrdiff_t)walk->vectors * lanes * grid->taps, n, rows,
                             grid->columns, walk->source.row, &there);
    if (stepped) scatter(walk, grid, dense, n, first, rows, to->y + walk->across * to->plane);
  }
}

// Grids without taps get zeros.
static void clear_grid(const struct Walk *walk, const struct Kernels *set, const struct Grid *grid, const struct Finish *to,
                       int first, int rows, const struct Share *share) {
  int begin = block_start(walk, share->block) * set->lanes;
  int end = share->rest ? walk->outputs : least(walk->across, block_start(walk, share->blocks) * set->lanes);
  if (share->block == share->blocks) begin = walk->across;
  if (begin < end) scatter(walk, grid, 0, end - begin, first, rows, to->y + begin * to->plane);
}

static void run_bands(const struct Walk *walk, const struct Kernels *set, const float *packed, const float *x,
                      const struct Finish *to, float *scratch, const struct Share *share) {
  const struct Source *s = &walk->source;
  float *source = scratch;
  if (!s->whole) scratch += (size_t)s->plane * s->phases_h * s->phases_w * s->channels;
  int all = share->rows - share->row, bands = (all + walk->band - 1) / walk->band;
  for (int b = 0; b < bands; b++) {
    int begin = share->row + (int)((long)all * b / bands), end = share->row + (int)((long)all * (b + 1) / bands);
    if (!s->whole) set->convolution->copy(s, x, s->channels, begin, end - begin + s->extra, source);
    const float *base = s->whole ? x + (ptrdiff_t)begin * s->row : source;
    for (int g = 0; g < walk->grids; g++) {
      const struct Grid *grid = &walk->grid[g];
      int first = most(begin, grid->row), rows = least(end, grid->row + grid->rows) - first;
      if (rows <= 0 || grid->columns <= 0) continue;
      if (grid->taps == 0) clear_grid(walk, set, grid, to, first, rows, share);
      else run_grid(walk, set, grid, packed, base + (ptrdiff_t)(first - begin) * s->row + grid->column, to, first, rows, scratch, share);
    }
  }
}

void walk_run(const struct Walk *walk, const struct Kernels *set, const float *packed, const float *x, struct Finish to,
              float *scratch, int part, int parts) {
  struct Share share = walk_share(walk, part, parts);
  if (share.row == share.rows || (share.block == share.blocks && !share.rest)) return;
  const struct Source *s = &walk->source;
  for (int g = share.group; g < share.groups; g++) {
    struct Finish there = moved(&to, g * walk->outputs, 0);
    const float *from = x + (ptrdiff_t)g * s->channels * s->height * s->width, *w = packed + g * walk->weights;
    (walk->winograd ? walk_winograd : run_bands)(walk, set, w, from, &there, aligned(scratch), &share);
  }
}

// The algorithm of a walk, by estimates of its cost in multiply-adds of registers; and the lists that follow from it. The
// estimates are counts, not measurements. A vector of results costs its taps, and besides them: with outputs in lanes 6, the
// transposition; with pixels in lanes 4, and the columns of the gap between rows; with Winograd 16 for the two transforms of
// its sums, in exchange for a half of three rows of taps, or two fifths of five. It must promise a tenth less than direct sums, for it is less exact.
#include "convolution_plan.h"
#include <stdlib.h>

static long most(long a, long b) { return a > b ? a : b; }
static long least(long a, long b) { return a < b ? a : b; }
static long parts_of(long a, long b) { return (a + b - 1) / b; }

// Cost of `n` outputs of a grid in multiply-adds of registers, by the way they are computed.
static double across_cost(const struct Grid *grid, int lanes, int n) {
  return (double)grid->rows * grid->columns * parts_of(n, lanes) * (grid->taps + 6);
}

static double pixels_cost(const struct Walk *walk, const struct Grid *grid, int lanes, int n) {
  long count = (long)(grid->rows - 1) * walk->source.row + grid->columns;
  if (walk->pass == CONVOLUTION_WEIGHTS) return 1.1 * (parts_of(count, lanes) + 3) * n * grid->taps;
  if (count < lanes) return 4.0 * count * n * grid->taps;
  return 1.05 * parts_of(count, lanes) * n * (grid->taps + 4);
}

// How many outputs lie in lanes: none, as many as fill registers, or all; and what that costs.
static int choose_across(const struct Walk *walk, int lanes, double *lowest) {
  int full = walk->outputs / lanes * lanes, choices[3] = {0, full, walk->outputs}, best = 0;
  for (int i = 0; i < 3; i++) {
    double cost = 0;
    for (int g = 0; g < walk->grids; g++)
      if (walk->grid[g].rows && walk->grid[g].columns)
        cost += across_cost(&walk->grid[g], lanes, choices[i]) +
                (choices[i] < walk->outputs ? pixels_cost(walk, &walk->grid[g], lanes, walk->outputs - choices[i]) : 0);
    if (i == 0 || cost < *lowest) {
      *lowest = cost;
      best = choices[i];
    }
  }
  return best;
}

// The points of Winograd along y, if its products and transforms cost less than `direct` sums do; otherwise 0.
static int choose_winograd(const struct Walk *walk, const struct Kernels *set, double direct) {
  if (!walk->tall || walk->outputs < set->lanes || walk->columns < 4) return 0;
  const struct Grid *grid = walk->grid;
  int points = walk->tall + 3;
  double vectors = parts_of(walk->outputs, set->lanes), results = 4.0 * parts_of(walk->rows, 4) * walk->columns;
  double winograd = results * vectors * (grid->taps * points / (4.0 * walk->tall) + 16) + results * walk->source.channels;
  return winograd < 0.9 * direct ? points : 0;
}

static void choose_blocks(struct Walk *walk, const struct Kernels *set) {
  walk->vectors = (int)parts_of(walk->across, set->lanes);
  walk->blocks = (int)parts_of(walk->vectors, set->convolution->vectors);
  if (walk->blocks > 1 && walk->blocks % 2) walk->blocks++;   // for two workers
}

// Whether results can be computed from the array as it is.
static int reads_whole(const struct Walk *walk, int tail) {
  const struct Source *s = &walk->source;
  return s->stride_h == 1 && s->stride_w == 1 && s->top == 0 && s->left == 0 && walk->rows + s->extra <= s->height &&
         s->row + tail <= s->width;
}

enum { NEAR = 1 << 16, BAND = 100000 };   // floats that the second-level cache holds beside other things
static void choose_bands(struct Walk *walk, int lanes) {
  struct Source *s = &walk->source;
  int width = walk->blocks ? (int)parts_of(walk->vectors, walk->blocks) * lanes : lanes, taps = 1;
  for (int g = 0; g < walk->grids; g++) taps = (int)most(taps, walk->grid[g].taps);
  if (walk->winograd) taps /= walk->tall;
  long near = NEAR / width;
  walk->depth = taps <= near * 3 / 2 ? taps : (int)parts_of(taps, parts_of(taps, near));
  long results = walk->pass == CONVOLUTION_WEIGHTS ? most(1024, 600000 / most(1, walk->across)) : walk->depth < taps ? 1024 : 4096;
  long row = (long)s->channels * s->phases_h * s->phases_w * s->row;
  long budget = walk->pass == CONVOLUTION_WEIGHTS ? 10 * BAND : walk->depth < taps ? 5 * BAND : BAND;
  long rows = s->whole ? walk->rows : most(1, budget / row - s->extra);
  rows = most(1, least(rows, results / walk->columns));
  walk->images = 1;
  if (walk->winograd) {
    long all = parts_of(walk->rows, 4), far = 4 * BAND / walk->winograd / (s->channels * s->row);
    long tiles = least(all, most(1, least(NEAR * 3 / 2 / width / walk->winograd / walk->columns, far)));
    walk->band = 4 * (int)parts_of(all, parts_of(all, tiles));
    if (walk->pass == CONVOLUTION_WEIGHTS && tiles == all)
      walk->images = (int)most(1, least(far / all, 128 / (all * walk->columns)));
  } else {
    rows = least(rows, walk->rows);
    walk->band = (int)parts_of(walk->rows, parts_of(walk->rows, rows));
  }
  walk->chunk = walk->depth < taps ? walk->band * walk->columns : 96;
  if (walk->pass == CONVOLUTION_WEIGHTS) walk->chunk = (long)taps * width > 2 * NEAR ? 256 : 64;
}

static int make_lists(struct Walk *walk, int lanes) {
  struct Source *s = &walk->source;
  long plane = (long)(walk->band + s->extra) * s->row + s->tail + lanes;
  plane = s->whole ? (long)s->height * s->width : parts_of(plane, 16) * 16 + (parts_of(plane, 16) % 2 ? 0 : 16);
  if (plane * s->phases_h * s->phases_w * s->channels >= 1L << 31) return 0;
  s->plane = (int)plane;
  int channel = s->plane * s->phases_h * s->phases_w;
  if (walk->winograd) channel = winograd_plane(walk);
  for (int g = 0; g < walk->grids; g++) {
    struct Grid *grid = &walk->grid[g];
    int area = walk->winograd ? grid->area / walk->tall : grid->area, images = walk->images;
    long image = (long)s->channels * channel, results = (long)walk->band * grid->columns;
    if (images > 1) results /= 4;
    grid->taps = area * s->channels;
    grid->offset = malloc(((size_t)grid->taps + 1) * sizeof(int));
    grid->position = malloc(((size_t)images * results + 1) * sizeof(int));
    if (!grid->offset || !grid->position) return 0;
    for (int c = 0; c < s->channels; c++)
      for (int t = 0; t < area; t++)
        grid->offset[c * area + t] =
            c * channel + grid->plane[t] * s->plane + (walk->winograd ? 0 : grid->down[t] * s->row) + grid->right[t];
    for (long i = 0; i < images * results; i++)
      grid->position[i] = (int)(i / results * image + i % results / grid->columns * s->row + i % results % grid->columns);
  }
  return 1;
}

static void count_floats(struct Walk *walk, const struct Kernels *set) {
  struct Source *s = &walk->source;
  size_t results = (size_t)walk->band * walk->columns, width = (size_t)set->convolution->vectors * set->lanes;
  size_t source = s->whole ? 0 : (size_t)s->plane * s->phases_h * s->phases_w * s->channels;
  size_t rest = walk->outputs - walk->across, columns = (size_t)walk->vectors * set->lanes;
  walk->weights = 0;
  for (int g = 0; g < walk->grids; g++) {
    walk->grid[g].packed = walk->weights;
    walk->weights += walk->grid[g].taps * ((walk->winograd ? walk->winograd : 1) * columns + rest);
  }
  walk->weights = (walk->weights + 15) / 16 * 16;
  if (walk->pass == CONVOLUTION_WEIGHTS && walk->winograd)
    walk->scratch = winograd_gradient_scratch(walk, set);
  else if (walk->pass == CONVOLUTION_WEIGHTS)
    walk->scratch = source + (results + 1) * columns + rest * walk->band * s->row;
  else if (walk->winograd)
    walk->scratch = source + walk->winograd * (winograd_step(walk) + (results / 4) * width + 16) + results * width;
  else
    walk->scratch = source + (size_t)walk->chunk * width + (walk->grids > 1 ? results * (width > rest ? width : rest) : 0);
  walk->scratch += 64;
}

int walk_choose(struct Walk *walk, const struct Kernels *set, int winograd) {
  int lanes = set->lanes;
  double direct = 0;
  walk->across = choose_across(walk, lanes, &direct);
  walk->winograd = winograd ? choose_winograd(walk, set, direct) : 0;
  if (walk->winograd) walk->across = walk->outputs;
  choose_blocks(walk, set);
  walk->source.whole = !walk->winograd && reads_whole(walk, walk->source.tail);
  if (walk->source.whole) {
    walk->source.row = walk->source.width;
    walk->source.tail = 0;
  }
  choose_bands(walk, lanes);
  if (!make_lists(walk, lanes)) return 0;
  count_floats(walk, set);
  return 1;
}

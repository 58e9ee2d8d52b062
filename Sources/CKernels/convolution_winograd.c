// Winograd's F(4, 3) and F(4, 5) along y with outputs in lanes: six or eight products of transformed rows for four rows of
// results.
#include "convolution_plan.h"

int winograd_plane(const struct Walk *walk) {
  int plane = walk->band / 4 * walk->source.row + walk->source.tail + 16;
  return (plane + 15) / 16 * 16 + (plane / 16 % 2 ? 16 : 0);
}

ptrdiff_t winograd_step(const struct Walk *walk) {
  return (ptrdiff_t)walk->images * walk->source.channels * winograd_plane(walk) + 16;
}

void winograd_transform(const struct Walk *walk, const struct Kernels *set, const float *source, int channels, int tiles, float *v) {
  const struct Source *s = &walk->source;
  int plane = winograd_plane(walk), columns = s->row + s->tail;
  ptrdiff_t step = winograd_step(walk);
  for (int c = 0; c < channels; c++)
    for (int t = 0; t < tiles; t++)
      set->convolution->transform(walk->winograd, source + (ptrdiff_t)c * s->plane + (ptrdiff_t)4 * t * s->row, s->row,
                                  v + (ptrdiff_t)c * plane + (ptrdiff_t)t * s->row, step, columns < set->lanes ? set->lanes : columns);
}

// Results of one block of outputs from its products m[t][p][o].
static void untransform(const struct Walk *walk, const struct Kernels *set, const float *m, ptrdiff_t plane, int width, int outputs,
                        int rows, const struct Finish *to, float *sums) {
  int columns = walk->columns, most = columns <= 64 ? columns : 48;
  for (int row = 0; row < rows; row += 4)
    for (int c = 0, n; c < columns; c += n) {
      n = columns - c < most ? columns - c : most;
      set->convolution->combine(walk->winograd, m + (ptrdiff_t)(row / 4 * columns + c) * width, plane, n * width, sums, (ptrdiff_t)n * width);
      int left = rows - row < 4 ? rows - row : 4;
      for (int r = 0; r < (n == columns ? 1 : left); r++) {
        ptrdiff_t at = (ptrdiff_t)(row + r) * columns + c;
        struct Finish there = {to->bias, to->addend ? to->addend + at : 0, to->slope, to->y + at, to->plane};
        set->convolution->spread(sums + (ptrdiff_t)r * n * width, width, outputs, n == columns ? left * n : n, &there);
      }
    }
}

void walk_winograd(const struct Walk *walk, const struct Kernels *set, const float *packed, const float *x,
                   const struct Finish *to, float *scratch, const struct Share *share) {
  const struct Source *s = &walk->source;
  const struct Grid *grid = walk->grid;
  ptrdiff_t step = winograd_step(walk);
  float *v = scratch + (ptrdiff_t)s->plane * s->channels, *m = v + walk->winograd * step;
  int all = (share->rows - share->row + 3) / 4, bands = (4 * all + walk->band - 1) / walk->band;
  for (int b = 0; b < bands; b++) {
    int first = (int)((long)all * b / bands), tiles = (int)((long)all * (b + 1) / bands) - first;
    int begin = share->row + 4 * first, rows = share->rows - begin < 4 * tiles ? share->rows - begin : 4 * tiles;
    set->convolution->copy(s, x, s->channels, begin, 4 * tiles + s->extra, scratch);
    winograd_transform(walk, set, scratch, s->channels, tiles, v);
    for (int block = share->block; block < share->blocks; block++) {
      int output = block_start(walk, block) * set->lanes, width = block_vectors(walk, block) * set->lanes;
      int count = tiles * walk->columns, outputs = walk->across - output < width ? walk->across - output : width;
      ptrdiff_t sums = (ptrdiff_t)count * width + 16, at = output * to->plane + (ptrdiff_t)begin * walk->width;
      for (int t = 0; t < walk->winograd; t++)
        walk_sums(walk, set, grid, width / set->lanes, v + t * step, grid->position, count,
                  packed + ((ptrdiff_t)walk->winograd * output + t * width) * grid->taps, 1, m + t * sums);
      struct Finish there = {to->bias ? to->bias + output : 0, to->addend ? to->addend + at : 0, to->slope, to->y + at, to->plane};
      untransform(walk, set, m, sums, width, outputs, rows, &there, m + walk->winograd * sums);
    }
  }
}

// The gradient of weights by Winograd along y: the transformed rows of the source are the same as forward, the results' gradients
// take the weights' place, four rows of them at a time, and the products are summed over images before they are transformed back
// (convolution_winograd_pack.c). Several images of small maps are carried out at once, for each product reads and writes all sums.
#include "convolution_plan.h"

static int least(int a, int b) { return a < b ? a : b; }

// Floats from point to point of the transformed gradients, for all images.
static ptrdiff_t gradient_step(const struct Walk *walk, int width) {
  return (ptrdiff_t)walk->images * walk->band / 4 * walk->columns * width + 16;
}

size_t winograd_gradient_scratch(const struct Walk *walk, const struct Kernels *set) {
  int width = set->convolution->vectors * set->lanes;
  return (size_t)walk->source.plane * walk->source.channels + walk->winograd * winograd_step(walk) +
         ((size_t)walk->band * walk->columns + 1) * width + walk->winograd * gradient_step(walk, width);
}

// Transformed gradients d[t][tile][column][output] of one image and block.
static void expand_block(const struct Walk *walk, const struct Kernels *set, const float *dy, int outputs, int width, int rows,
                         ptrdiff_t step, float *gathered, float *d) {
  ptrdiff_t plane = (ptrdiff_t)walk->height * walk->width, row = (ptrdiff_t)walk->columns * width;
  set->convolution->gather(dy, plane, outputs, rows * walk->columns, width, gathered);
  for (int r = 0; r < rows; r += 4, d += row)
    set->convolution->expand(walk->winograd, gathered + r * row, row, least(4, rows - r), d, step, (int)row);
}

// Rows begin ..< begin + rows of `images` images, and taps first ..< last.
static void gradient_band(const struct Walk *walk, const struct Kernels *set, const float *x, const float *dy, int images, int begin,
                          int rows, int first, int last, float *g, float *scratch) {
  const struct Source *s = &walk->source;
  const struct Grid *grid = walk->grid;
  int area = grid->area / walk->tall, low = first / area, high = (last + area - 1) / area, tiles = (rows + 3) / 4;
  ptrdiff_t channel = winograd_plane(walk), step = winograd_step(walk), plane = (ptrdiff_t)walk->height * walk->width;
  float *v = scratch + (ptrdiff_t)s->plane * s->channels, *gathered = v + walk->winograd * step;
  float *d = gathered + ((ptrdiff_t)walk->band * walk->columns + 1) * set->convolution->vectors * set->lanes;
  for (int i = 0; i < images; i++) {
    const float *from = x + ((ptrdiff_t)i * walk->group * s->channels + low) * s->height * s->width;
    set->convolution->copy(s, from, high - low, begin, 4 * tiles + s->extra, scratch);
    winograd_transform(walk, set, scratch, high - low, tiles, v + ((ptrdiff_t)i * s->channels + low) * channel);
  }
  for (int b = 0; b < walk->blocks; b++) {
    int output = block_start(walk, b) * set->lanes, vectors = block_vectors(walk, b), width = vectors * set->lanes;
    int count = tiles * walk->columns, all = images * count;
    ptrdiff_t apart = gradient_step(walk, width);
    for (int i = 0; i < images; i++)
      expand_block(walk, set, dy + ((ptrdiff_t)i * walk->group * walk->outputs + output) * plane + (ptrdiff_t)begin * walk->columns,
                   least(width, walk->across - output), width, rows, apart, gathered, d + (ptrdiff_t)i * count * width);
    for (int t = 0; t < walk->winograd; t++) {
      float *sums = g + ((ptrdiff_t)walk->winograd * output + t * width) * grid->taps + (ptrdiff_t)first * width;
      for (int p = 0, n; p < all; p += n) {
        n = least(walk->chunk, all - p);
        set->convolution->outputs(vectors, v + t * step, grid->offset + first, last - first, grid->position + p, n,
                                  d + t * apart + (ptrdiff_t)p * width, 0, sums, 0, 0);
      }
    }
  }
}

void winograd_gradient(const struct Walk *walk, const struct Kernels *set, const float *x, const float *dy, int images, float *g,
                       float *scratch, int first, int last) {
  int tiles = (walk->rows + 3) / 4, bands = (4 * tiles + walk->band - 1) / walk->band;
  ptrdiff_t xs = (ptrdiff_t)walk->group * walk->source.channels * walk->source.height * walk->source.width;
  ptrdiff_t ys = (ptrdiff_t)walk->group * walk->outputs * walk->height * walk->width;
  for (int i = 0, n; i < images; i += n) {
    n = least(walk->images, images - i);
    for (int b = 0; b < bands; b++) {
      int begin = 4 * (int)((long)tiles * b / bands), end = least(walk->rows, 4 * (int)((long)tiles * (b + 1) / bands));
      gradient_band(walk, set, x + i * xs, dy + i * ys, n, begin, end - begin, first, last, g, scratch);
    }
  }
}

// The gradient of a convolution's weights over a whole batch, in parts that write disjoint weights: a part is some outputs and some
// channels. Images lie behind one another in the sums, so that maps of any size make long sums, and sums are finished while they
// are in cache; 3x3 kernels may use Winograd's F(4, 3) along y as winograd_body.h has it.
#include "convolution_plan.h"
#include <stdlib.h>
#include <string.h>

enum { FEWEST_PARTS = 4, FEWEST_TAPS = 64, NEAR_SUMS = 24576, NEAR_RESULTS = 400000, NEAR_SOURCE = 300000, CHUNK = 192 };

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }
static int rounded(int a) { return (a + 15) / 16 * 16; }

// Images carried out at once, at most.
static int most_images(const struct Batch *b) {
  return most(1, NEAR_RESULTS / most(1, (b->winograd ? 6 : 1) * b->positions * b->width));
}

// The same of a batch.
static int together(const struct Batch *b, int images) {
  int limit = most_images(b), times = (images + limit - 1) / limit;
  return (images + times - 1) / times;
}

// By blocks of outputs, where the array is read as it is; by channels, where it must be copied for them: each copy is then made
// once, and dy turned for every range.
static void choose_parts(struct Batch *b, const struct Walk *walk) {
  int channels = b->source.channels, smallest = (FEWEST_TAPS + walk->grid->area - 1) / walk->grid->area;
  b->groups = walk->blocks;
  b->ranges = most(1, least((FEWEST_PARTS + walk->blocks - 1) / walk->blocks, channels / smallest));
  int ranges = most((channels + b->channels - 1) / b->channels, FEWEST_PARTS);
  if (!b->source.whole && ranges <= channels / smallest) {
    b->groups = 1;
    b->ranges = ranges;
  }
  b->channels = least(b->channels, (channels + b->ranges - 1) / b->ranges);
}

// Whether and how the batch is divided; 0 without memory.
int batch_choose(struct ConvolutionPlan *plan, int winograd) {
  const struct Walk *walk = &plan->walk[CONVOLUTION_WEIGHTS];
  const struct Grid *grid = walk->grid;
  struct Batch *b = &plan->batch;
  int rows = walk->rows, columns = walk->columns, lanes = plan->set->lanes;
  if (walk->group > 1 || walk->across < walk->outputs || rows <= 0 || columns <= 0) return 1;
  if (walk->tall == 5 && plan->transformed.winograd) return 1;   // image by image with fewer products
  b->winograd = winograd && walk->tall == 3 && !walk->source.whole && (rows + 3) / 4 * 20 <= 7 * rows;
  b->source = walk->source;
  struct Source *s = &b->source;
  int tiles = b->winograd ? (rows + 3) / 4 : rows, read = (b->winograd ? 4 * tiles : rows) + s->extra;
  long plane = s->whole ? (long)s->height * s->width : rounded(read * s->row + s->tail + lanes);
  if (!s->whole && plane / 16 % 2 == 0) plane += 16;
  b->width = (walk->vectors + walk->blocks - 1) / walk->blocks * lanes;
  b->area = b->winograd ? grid->area / 3 : grid->area;
  b->positions = tiles * columns;
  b->transformed = b->winograd ? rounded(tiles * s->row + s->tail + 16) : 0;
  if (b->transformed / 16 % 2 == 0) b->transformed += b->winograd ? 16 : 0;
  b->channels = most(1, NEAR_SUMS / b->width / grid->area);
  if (b->winograd) b->channels = most(32, least(128, NEAR_SOURCE / (6 * b->transformed * least(8, most_images(b)))));
  choose_parts(b, walk);
  if (b->groups * b->ranges < FEWEST_PARTS) return 1;
  if (plane * s->phases_h * s->phases_w * s->channels * NEAR_RESULTS / b->width >= (1L << 31) * (long)most(1, b->positions)) return 1;
  s->plane = (int)plane;
  int channel = b->winograd ? b->transformed : s->plane * s->phases_h * s->phases_w;
  b->offset = malloc((size_t)b->channels * b->area * sizeof(int));
  if (!b->offset) return 0;
  for (int c = 0; c < b->channels; c++)
    for (int t = 0; t < b->area; t++)
      b->offset[c * b->area + t] =
          c * channel + (b->winograd ? grid->right[t] : grid->plane[t] * s->plane + grid->down[t] * s->row + grid->right[t]);
  b->parts = b->groups * b->ranges;
  return 1;
}

static size_t copied(const struct Batch *b) {
  const struct Source *s = &b->source;
  return s->whole ? 0 : (size_t)b->channels * s->plane * s->phases_h * s->phases_w;
}

// Sums that must be kept: those of a block and of the channels carried out at once, or all of a part's, if images come by and by.
static size_t sums_size(const struct ConvolutionPlan *plan, int images) {
  const struct Batch *b = &plan->batch;
  const struct Walk *walk = &plan->walk[CONVOLUTION_WEIGHTS];
  if (together(b, images) >= images) return (size_t)b->channels * b->area * b->width;
  size_t blocks = (walk->blocks + b->groups - 1) / b->groups, channels = (walk->source.channels + b->ranges - 1) / b->ranges;
  return blocks * b->width * channels * b->area;
}

// A block of dy of an image, and the sums of taps, before and after Winograd's transforms.
static size_t gathered_size(const struct ConvolutionPlan *plan) {
  const struct Batch *b = &plan->batch;
  const struct Walk *walk = &plan->walk[CONVOLUTION_WEIGHTS];
  size_t results = (size_t)walk->rows * walk->columns * b->width, sums = (size_t)b->channels * 3 * b->area * b->width;
  return !b->winograd ? 0 : results > sums ? results : sums;
}

size_t batch_scratch(const struct ConvolutionPlan *plan, int images) {
  const struct Batch *b = &plan->batch;
  if (!b->parts) return 0;
  size_t group = together(b, images), products = b->winograd ? 6 : 1;
  size_t sums = products * sums_size(plan, images), results = products * group * b->positions * b->width;
  size_t source = b->winograd ? copied(b) + 6 * group * b->channels * b->transformed : group * copied(b);
  return sums + results + source + gathered_size(plan) + group * b->positions + 6 * 16;
}

// One part's memory and place.
struct Piece {
  const struct ConvolutionPlan *plan;
  const struct Batch *b;
  const struct Walk *walk;
  const struct Kernels *set;
  int output, outputs, width;           // of a block: the first output, how many, and as lanes hold them
  int images;                           // carried out at once
  float *sums, *results, *gathered, *source;
  int *position;
};

static float *take(float **scratch, size_t n) {
  float *p = *scratch;
  *scratch += (n + 15) / 16 * 16;
  return p;
}

static void enter(struct Piece *p, int block) {
  p->output = block_start(p->walk, block) * p->set->lanes;
  p->width = block_vectors(p->walk, block) * p->set->lanes;
  p->outputs = least(p->width, p->walk->outputs - p->output);
}

// dy of some images with outputs in lanes, transformed if products are: results[t][image][position][output].
static void turn(const struct Piece *p, const float *dy) {
  ptrdiff_t plane = (ptrdiff_t)p->walk->rows * p->walk->columns, size = (ptrdiff_t)p->b->positions * p->width;
  int row = p->walk->columns * p->width;
  for (int i = 0; i < p->images; i++) {
    const float *from = dy + ((ptrdiff_t)i * p->walk->outputs + p->output) * plane;
    float *to = p->results + i * size;
    p->set->convolution->gather(from, plane, p->outputs, (int)plane, p->width, p->b->winograd ? p->gathered : to);
    for (int r = 0; p->b->winograd && r < p->walk->rows; r += 4)
      p->set->rows_gradient(p->gathered + (ptrdiff_t)r * row, row, p->walk->rows - r, to + (ptrdiff_t)(r / 4) * row, p->images * size,
                            row);
  }
}

// What channels first ..< last of some images are read from.
static const float *source(const struct Piece *p, const float *x, int first, int last) {
  const struct Batch *b = p->b;
  const struct Source *s = &b->source;
  ptrdiff_t area = (ptrdiff_t)s->height * s->width, channel = (ptrdiff_t)s->plane * s->phases_h * s->phases_w;
  int tiles = (p->walk->rows + 3) / 4, columns = most(s->row + s->tail, p->set->lanes);
  int read = (b->winograd ? 4 * tiles : p->walk->rows) + s->extra;
  if (s->whole) return x + first * area;
  float *transformed = p->source + copied(b);
  for (int i = 0; i < p->images; i++) {
    float *to = b->winograd ? p->source : p->source + i * b->channels * channel;
    p->set->convolution->copy(s, x + ((ptrdiff_t)i * s->channels + first) * area, last - first, 0, read, to);
    for (int c = 0; b->winograd && c < last - first; c++)
      for (int t = 0; t < tiles; t++)
        p->set->rows_in(to + c * channel + (ptrdiff_t)4 * t * s->row, s->row,
                        transformed + ((ptrdiff_t)i * b->channels + c) * b->transformed + (ptrdiff_t)t * s->row,
                        (ptrdiff_t)p->images * b->channels * b->transformed, columns);
  }
  return b->winograd ? transformed : p->source;
}

// From image to image in what is read.
static ptrdiff_t image_step(const struct Batch *b) {
  const struct Source *s = &b->source;
  if (b->winograd) return (ptrdiff_t)b->channels * b->transformed;
  return (ptrdiff_t)(s->whole ? s->channels : b->channels) * s->plane * s->phases_h * s->phases_w;
}

static void find_positions(const struct Piece *p) {
  int columns = p->walk->columns;
  for (int i = 0; i < p->images; i++)
    for (int q = 0; q < p->b->positions; q++)
      p->position[i * p->b->positions + q] = (int)(i * image_step(p->b)) + q / columns * p->b->source.row + q % columns;
}

// Adds the products of a block and some channels to their sums, or begins with them.
static void add_products(const struct Piece *p, const float *from, int channels, int fresh, float *sums) {
  int all = p->images * p->b->positions, chunks = (all + CHUNK - 1) / CHUNK, taps = channels * p->b->area;
  for (int t = 0; t < (p->b->winograd ? 6 : 1); t++)
    for (int k = 0; k < chunks; k++) {
      int q = (int)((long)all * k / chunks), n = (int)((long)all * (k + 1) / chunks) - q;
      p->set->convolution->outputs(p->width / p->set->lanes, from + t * p->images * image_step(p->b), p->b->offset, taps,
                                   p->position + q, n, p->results + ((ptrdiff_t)t * all + q) * p->width, fresh && k == 0,
                                   sums + (ptrdiff_t)t * taps * p->width, 0, 0);
    }
}

// dw += the sums of a block and of `channels` channels from `first` on.
static void finish(const struct Piece *p, const float *sums, int first, int channels, float *dw) {
  int area = p->walk->grid->area, width = p->b->area * p->width;
  ptrdiff_t row = p->walk->grid->taps;
  float *to = dw + p->output * row + (ptrdiff_t)first * area;
  if (p->b->winograd) {
    p->set->convolution->gradient_rows(sums, (ptrdiff_t)channels * width, channels, width, p->gathered);
    sums = p->gathered;
  }
  struct Finish there = {0, to, 1, to, row};
  p->set->convolution->spread(sums, p->width, p->outputs, channels * area, &there);
}

// Blocks first ..< last of outputs and channels low ..< high over the images from `i` on.
struct Part { int block, blocks, low, high; };

static void add_images(struct Piece *p, const struct Part *part, const float *x, const float *dy, int i, int images, float *dw) {
  int step = p->images, only = i == 0 && step >= images, last = i + step >= images, copies = !p->b->source.whole;
  int once = copies && part->high - part->low <= p->b->channels;
  const float *from = 0;
  float *sums = p->sums;
  if (last) p->images = images - i;
  find_positions(p);
  if (once) from = source(p, x, part->low, part->high);
  for (int block = part->block; block < part->blocks; block++) {
    enter(p, block);
    turn(p, dy);
    for (int c = part->low, n; c < part->high; c += n) {
      n = least(p->b->channels, part->high - c);
      if (!once) from = source(p, x, c, c + n);
      add_products(p, from, n, i == 0, sums);
      if (last) finish(p, sums, c, n, dw);
      if (!only) sums += (ptrdiff_t)(p->b->winograd ? 6 : 1) * n * p->b->area * p->width;
    }
  }
}

void batch_gradient(const struct ConvolutionPlan *plan, int images, const float *x, const float *dy, float *dw, float *scratch,
                    int part) {
  const struct Batch *b = &plan->batch;
  const struct Walk *walk = &plan->walk[CONVOLUTION_WEIGHTS];
  int group = part / b->ranges, range = part % b->ranges, step = together(b, images);
  struct Part own = {(int)((long)walk->blocks * group / b->groups), (int)((long)walk->blocks * (group + 1) / b->groups),
                     (int)((long)b->source.channels * range / b->ranges), (int)((long)b->source.channels * (range + 1) / b->ranges)};
  struct Piece p = {.plan = plan, .b = b, .walk = walk, .set = plan->set, .images = step};
  size_t products = b->winograd ? 6 : 1;
  scratch = aligned(scratch);
  p.sums = take(&scratch, products * sums_size(plan, images));
  p.results = take(&scratch, products * step * b->positions * b->width);
  p.position = (int *)take(&scratch, (size_t)step * b->positions);
  p.gathered = take(&scratch, gathered_size(plan));
  p.source = scratch;
  ptrdiff_t from = (ptrdiff_t)b->source.channels * b->source.height * b->source.width;
  ptrdiff_t to = (ptrdiff_t)walk->outputs * walk->rows * walk->columns;
  for (int i = 0; i < images; i += step) add_images(&p, &own, x + i * from, dy + i * to, i, images, dw);
}

// What a convolution's plan holds, and the kernels of one instruction set that carry it out. See convolution.c.
#pragma once
#include "convolution.h"

// The copy of an array's rows that the kernels read: zeros around it, rows and columns split by their phase modulo the
// stride, so that neighbouring outputs read neighbouring floats. Row i, column j of phase (py, px) of a channel is the array's
// (i * stride_h + py - top, j * stride_w + px - left). The zeros behind a row serve as those before the next one.
struct Source {
  int channels, height, width;          // of the array, in one group
  int stride_h, stride_w, top, left;
  int phases_h, phases_w;               // phases that some tap needs
  int *phase_h, *phase_w;               // which
  int *first, *last;                    // per column phase: the columns that are not zero
  int row, tail, extra;                 // floats from row to row; zeros behind the last row; rows below the last output's
  int whole;                            // the array itself is read, nothing is copied
  int plane;                            // floats from phase to phase and from channel to channel (phases_h * phases_w planes)
};

// A rectangle of results that share a list of taps. Forward there is one; backward data has one for each phase of the stride.
struct Grid {
  int row, rows, column, columns;       // in the pass' own row and column numbers, of which position 0 reads source (0, 0)
  int to_row, to_column, step_h, step_w;   // result (r, c) belongs to pixel (r * step_h + to_row, c * step_w + to_column)
  int taps, area;                       // taps in all, and of one channel
  int *tap, *plane, *down, *right;      // of a channel: ky * kernel_w + kx, and where it reads from a result's position
  int *offset, *position;               // of every tap, of every result in a band
  size_t packed;                        // where its weights begin
};

// One pass as a correlation of a source with weights.
struct Walk {
  int pass, group, outputs;             // outputs in one group
  int rows, columns;                    // of all results, in the pass' own numbers
  int height, width;                    // of the array written
  struct Source source;
  int grids;
  struct Grid *grid;
  int band;                             // rows carried out at once
  int across;                           // the first `across` outputs have outputs in lanes, the others pixels
  int blocks, vectors;                  // of the outputs in lanes
  int depth;                            // taps carried out at once
  int chunk;                            // results carried out at once
  int tall;                             // kernel_h if it is 3 or 5, strides and dilation_h are 1; else 0
  int winograd;                         // 0, or outputs in lanes and F(4, tall) along y with so many points
  int images;                           // of weights' gradients by Winograd: carried out at once
  size_t weights;                       // floats of one group's packed weights
  size_t scratch;
};

// A pass of a depthwise convolution that planes carry out one by one (convolution_depthwise.c).
struct Depthwise {
  int exists, flipped;                  // whether; whether the kernel is turned, for backward data
  int whole;                            // the planes themselves are read, nothing is copied
  int channels, outputs, kernel_h, kernel_w, step;
  int height, width, rows, columns;     // of the planes read and written
  int top, left, row, down, right;      // zeros around the copy, its row; from tap to tap
  size_t size;                          // floats of the copy
};

struct ConvolutionPlan {
  struct ConvolutionShape shape;
  const struct Kernels *set;
  struct Walk walk[3];
  struct Walk transformed;              // of the weights' gradient by Winograd, used if its `winograd` is not 0
  struct Depthwise depthwise[2];
};

// Where results go: y[o * plane + p] = activation(sum + bias[o] + addend[o * plane + p]).
struct Finish {
  const float *bias, *addend;
  float slope, *y;
  ptrdiff_t plane;
};

// Where the weight of an output and a channel (in the pass' sense, of one group) lies: start + output * o + channel * c + tap.
// Its factor, if there are factors: factor[by_output * o + by_channel * c].
struct Order { ptrdiff_t start, output, channel; const float *factor; int by_output, by_channel; };

// The kernels of one instruction set.
struct ConvolutionKernels {
  int vectors;                          // registers of outputs in a tile, at most
  // sums[i][o] (+)= sum over k of w[k][o] * x[position[i] + offset[k]], for o < vectors * lanes; `fresh` starts at zero.
  // `next` floats from `ahead` on are fetched into the cache meanwhile.
  void (*outputs)(int vectors, const float *x, const int *position, int count, const int *offset, int taps, const float *w,
                  int fresh, float *sums, const float *ahead, size_t next);
  // Results with pixels in lanes, rows x columns of them, `row` floats from row to row in x; w as conv_pack packs it.
  void (*pixels)(const float *x, const int *offset, int taps, const float *w, int outputs, int rows, int columns, int row,
                 const struct Finish *to);
  // The end of `outputs`: sums[p][o], `width` floats a pixel, to planes.
  void (*spread)(const float *sums, int width, int outputs, int count, const struct Finish *to);
  // The opposite: sums[p][o] = y[o * plane + p], zeros for o >= outputs.
  void (*gather)(const float *y, ptrdiff_t plane, int outputs, int count, int width, float *sums);
  // Copies `rows` source rows from row `first` on, of `channels` channels.
  void (*copy)(const struct Source *s, const float *x, int channels, int first, int rows, float *out);
  // y[r][c] = activation(bias + sum over taps of w[tap] * x[...] + addend), for one plane; x is the copy.
  void (*depthwise)(const struct Depthwise *d, const float *x, const float *w, float bias, const float *addend, float slope, float *y);
  // Winograd's transforms, of 6 or 8 points (transform_body.h): of rows of the source; of products, to four rows of results; of
  // four rows of a gradient; of three or five rows of weights, and of their gradient back.
  void (*transform)(int points, const float *x, ptrdiff_t stride, float *v, ptrdiff_t plane, int count);
  void (*combine)(int points, const float *m, ptrdiff_t plane, int count, float *sums, ptrdiff_t row);
  void (*expand)(int points, const float *dy, ptrdiff_t row, int rows, float *d, ptrdiff_t plane, int count);
  void (*weights_in)(int points, const float *w, ptrdiff_t row, float *u, ptrdiff_t plane, int count);
  void (*weights_out)(int points, const float *u, ptrdiff_t plane, float *w, ptrdiff_t row, int count);
};

// convolution_walk.c. All return 0 if memory is short or an array too large.
int walk_forward(struct Walk *walk, const struct ConvolutionShape *s);
int walk_data(struct Walk *walk, const struct ConvolutionShape *s);
void walk_free(struct Walk *walk);

// convolution_choice.c: algorithm, bands, offsets and positions of a walk.
// 0 if memory is short or an array too large.
int walk_choose(struct Walk *walk, const struct Kernels *set, int winograd);

// The first vector of outputs of a block, of walk->vectors in walk->blocks; the outputs of a block, and their padded number.
static inline int block_start(const struct Walk *walk, int block) {
  return walk->blocks ? (int)((long)walk->vectors * block / walk->blocks) : 0;
}
static inline int block_vectors(const struct Walk *walk, int block) {
  return block_start(walk, block + 1) - block_start(walk, block);
}

// What one worker does of a pass.
struct Share {
  int group, groups, block, blocks, row, rows, rest;   // first and one past the last; whether it does the outputs in pixels
};

// A scratch pointer at the start of a cache line.
static inline float *aligned(float *p) { return (float *)(((uintptr_t)p + 63) & ~(uintptr_t)63); }

// Floats of a transformed plane, and from point to point of all of them.
int winograd_plane(const struct Walk *walk);
ptrdiff_t winograd_step(const struct Walk *walk);
// Transformed rows v[t][c] of `tiles` tiles, of a source's copy.
void winograd_transform(const struct Walk *walk, const struct Kernels *set, const float *source, int channels, int tiles, float *v);

// convolution_run.c and convolution_winograd.c: the passes that write results.
void walk_run(const struct Walk *walk, const struct Kernels *set, const float *packed, const float *x, struct Finish to,
              float *scratch, int part, int parts);
void walk_winograd(const struct Walk *walk, const struct Kernels *set, const float *packed, const float *x,
                   const struct Finish *to, float *scratch, const struct Share *share);
void walk_sums(const struct Walk *walk, const struct Kernels *set, const struct Grid *grid, int vectors, const float *x,
               const int *position, int count, const float *w, int last, float *sums);
// convolution_winograd_weights.c
size_t winograd_gradient_scratch(const struct Walk *walk, const struct Kernels *set);
void winograd_gradient(const struct Walk *walk, const struct Kernels *set, const float *x, const float *dy, int images, float *g,
                       float *scratch, int first, int last);
// convolution_winograd_pack.c, of one block of outputs: w to packed[t][k][l], and dw += its gradient.
void walk_winograd_pack(const struct Walk *walk, const struct Kernels *set, const struct Order *at, int first, int n, int width,
                   const float *w, float *packed);
void walk_winograd_unpack(const struct Walk *walk, const struct Kernels *set, const struct Order *at, int first, int n, int width,
                         const float *g, float *dw);
// convolution_depthwise.c
void depthwise_choose(struct ConvolutionPlan *plan);
void depthwise_pack(const struct Depthwise *d, const float *w, const float *factor, float *packed);
void depthwise_run(const struct Depthwise *d, const struct Kernels *set, const float *packed, const float *x, struct Finish to,
                   float *scratch, int part, int parts);
// convolution_weights.c
void walk_gradient(const struct Walk *walk, const struct Kernels *set, const float *x, const float *dy, int images, float *g,
                   float *scratch, int part, int parts);
// convolution_pack.c
void walk_pack(const struct Walk *walk, const struct Kernels *set, const struct ConvolutionShape *s, const float *w,
               const float *factor, float *packed);
void walk_unpack_add(const struct Walk *walk, const struct Kernels *set, const struct ConvolutionShape *s, const float *g, float *dw);

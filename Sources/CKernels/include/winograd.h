// 3x3 convolution with half the multiplications: Winograd's F(4, 3) along y, plain convolution along x, on planes as in kernels.h.
#pragma once
#include "kernels.h"

struct Winograd {
  int outputs, channels, first, stride, tiles;   // first: the input row of output row 0 (-pad); tiles: four-row tiles in a band
  int *offset;                                   // channels x 3 taps, inside a band
  float *packed[6];                              // transformed weights
};
// kernel[ky][kx] of (o, c) is w[(o * channels + c) * 9 + ...]; `columns` is the offset of kx = 0 from an output pixel, -pad.
void winograd_init(struct Winograd *, const struct Kernels *, int outputs, int channels, int first, int column, int stride, int tiles);
void winograd_free(struct Winograd *);  // what winograd_init allocated
void winograd_weights(struct Winograd *, const struct Kernels *, const float *w);
// Scratch of one worker, floats: winograd_scratch(...). y gets `rows` rows; columns of the gap get garbage. Rows of x up to
// first + the next multiple of four + 1 are read, and must be finite.
size_t winograd_scratch(const struct Winograd *);
void winograd_convolve(const struct Winograd *, const struct Kernels *, const float *x, ptrdiff_t xplane, const float *bias,
                       float *y, ptrdiff_t yplane, int rows, float *scratch);
// g: six packed sets, (outputs x channels x 3) floats each, summed over calls; winograd_unpack_add turns them into dw.
void winograd_convolve_weights(const struct Winograd *, const struct Kernels *, const float *x, ptrdiff_t xplane, const float *dy,
                               ptrdiff_t dyplane, int rows, float *g, float *scratch);
void winograd_unpack_add(const struct Winograd *, const struct Kernels *, const float *g, float *dw);

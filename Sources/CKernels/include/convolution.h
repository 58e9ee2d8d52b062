// Two-dimensional convolution of one image, any kernel, stride, pad, dilation and group, with its two backward passes.
// Arrays are plain NCHW of exactly the shape's size: channels x height x width in, outputs x out_height x out_width out.
// The caller owns all memory; a plan holds only lists of positions and never changes, so that any number of workers share it.
#pragma once
#include "kernels.h"

struct ConvolutionShape {
  int channels, outputs, group;      // group divides both
  int kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
  int height, width, out_height, out_width;
};

enum ConvolutionPass { CONVOLUTION_FORWARD, CONVOLUTION_DATA, CONVOLUTION_WEIGHTS };

// Which algorithm each pass uses, and its sizes. Depends only on the shape, `winograd` and the kernel set.
struct ConvolutionPlan;

// winograd: 0 takes direct sums only; 1 allows Winograd's F(4, 3) and F(4, 5) along y where they were measured to be faster.
// Null if memory is short or an array would exceed 2^31 floats.
struct ConvolutionPlan *convolution_plan(const struct Kernels *set, const struct ConvolutionShape *shape, int winograd);
void convolution_free(struct ConvolutionPlan *plan);
// The algorithm's name, for logs: a static string.
const char *convolution_method(const struct ConvolutionPlan *plan, int pass);

// Floats of the packed weights of a pass (none for CONVOLUTION_WEIGHTS), of the gradient in the plan's own packing, and of
// the scratch memory that each worker brings to one call.
size_t convolution_packed(const struct ConvolutionPlan *plan, int pass);
size_t convolution_gradient(const struct ConvolutionPlan *plan);
size_t convolution_scratch(const struct ConvolutionPlan *plan, int pass);

// Packs Caffe's w (outputs x channels / group x kernel_h x kernel_w) for CONVOLUTION_FORWARD or CONVOLUTION_DATA; `factor`
// multiplies all weights of an output (a folded BatchNorm or Scale), or is null.
void convolution_pack(const struct ConvolutionPlan *plan, int pass, const float *w, const float *factor, float *packed);

// y = activation(conv(x) + bias + addend). bias (outputs floats) and addend (as large as y, may be y itself) may be null.
// slope: 1 leaves negative values as they are, 0 is ReLU, others a leaky ReLU.
// Computes part `part` of `parts`: the parts write disjoint pieces that make up all of y, the same bits for any `parts`.
void convolution_forward(const struct ConvolutionPlan *plan, const float *packed, const float *bias, const float *x,
                         const float *addend, float slope, float *y, float *scratch, int part, int parts);
// Writes all of dx, or the part's piece of it.
void convolution_backward_data(const struct ConvolutionPlan *plan, const float *packed, const float *dy, float *dx,
                               float *scratch, int part, int parts);
// g += the weights' gradient of `images` images, one behind the other, in the plan's packing (zeros at first); parts write
// disjoint pieces of g.
void convolution_backward_weights(const struct ConvolutionPlan *plan, const float *x, const float *dy, int images, float *g,
                                  float *scratch, int part, int parts);
// dw += g, in Caffe's order. g may have been summed over images and workers, element by element.
void convolution_unpack_add(const struct ConvolutionPlan *plan, const float *g, float *dw);

// The same of a whole batch at once, in independent parts that write disjoint pieces of dw: their number, 0 if this shape is
// not divided so; the scratch memory of one part, floats.
int convolution_batch_parts(const struct ConvolutionPlan *plan);
size_t convolution_batch_scratch(const struct ConvolutionPlan *plan, int images);
// dw += the part's piece of the gradient of `images` images, which lie one after another in x and dy.
void convolution_batch_weights(const struct ConvolutionPlan *plan, int images, const float *x, const float *dy, float *dw,
                               float *scratch, int part);

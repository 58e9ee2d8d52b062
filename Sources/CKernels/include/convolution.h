// One 2-D convolution of one image in plain NCHW (channels x height x width) to plain NCHW.
#pragma once
#include "kernels.h"

struct ConvolutionShape {
  int channels, outputs, group, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, height, width,
      out_height, out_width;
};
struct ConvolutionPlan;
enum ConvolutionPass { CONVOLUTION_FORWARD, CONVOLUTION_DATA, CONVOLUTION_WEIGHTS };

struct ConvolutionPlan *convolution_plan(const struct Kernels *, const struct ConvolutionShape *, int winograd);
void convolution_free(struct ConvolutionPlan *);
size_t convolution_packed(const struct ConvolutionPlan *, int pass);
size_t convolution_gradient(const struct ConvolutionPlan *);
size_t convolution_scratch(const struct ConvolutionPlan *, int pass);
void convolution_pack(const struct ConvolutionPlan *, int pass, const float *w, const float *factor, float *packed);
void convolution_forward(const struct ConvolutionPlan *, const float *packed, const float *bias, const float *x,
                         const float *addend, float slope, float *y, float *scratch, int part, int parts);
void convolution_backward_data(const struct ConvolutionPlan *, const float *packed, const float *dy, float *dx, float *scratch,
                               int part, int parts);
void convolution_backward_weights(const struct ConvolutionPlan *, const float *x, const float *dy, float *g, float *scratch);
void convolution_unpack_add(const struct ConvolutionPlan *, const float *g, float *dw);

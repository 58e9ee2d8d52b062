// The kernels for what every processor of the architecture has: SSE2 on x86-64, NEON on arm64.
#define ISA "baseline"
#define LANES 4
#if defined(__aarch64__)
#define REGISTERS 32
#else
#define REGISTERS 16
#endif
#define NAME(f) f##_baseline
#include "simd.h"
#include "conv_body.h"
#include "pool_body.h"
#include "norm_body.h"
#include "affine_body.h"
#include "winograd_body.h"
#include "pool_values_body.h"
#include "vector_body.h"
#include "pool_places_body.h"
#include "function_body.h"
#include "average_body.h"
#include "machine_body.h"
#include "depthwise_body.h"
#include "pixels_body.h"
#include "outputs_body.h"
#include "transform_body.h"
#include "source_body.h"
#include "training_body.h"
#include "few_rows_body.h"
#include "matrix_body.h"
#include "table.h"

// The kernels for avx2: the same source as the others, other widths.
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,f16c"))), apply_to = function)
#define ISA "avx2"
#define LANES 8
#define REGISTERS 16
#define NAME(f) f##_avx2
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
#pragma clang attribute pop
#endif

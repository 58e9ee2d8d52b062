/* Bilinear resizing of 8-bit images with the numbers of OpenCV: weights are rounded to 11 bits, rows are kept with 15 bits. */
#include "resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#pragma STDC FP_CONTRACT OFF

/* Also compiled for AVX2, which is chosen when the program starts. */
#if defined(__x86_64__) && defined(__linux__)
#define FASTEST __attribute__((target_clones("avx2", "default")))
#else
#define FASTEST
#endif

enum { ONE = 1 << 11 };

static crema_tap weigh(size_t place, double scale, size_t count) {
  float position = (float)(((double)place + 0.5) * scale - 0.5);
  long whole = (long)floorf(position);
  float rest = position - (float)whole;
  long last = (long)count - 1;
  long first = whole < 0 ? 0 : whole > last ? last : whole;
  long second = whole + 1 < 0 ? 0 : whole + 1 > last ? last : whole + 1;
  crema_tap result = {(size_t)first, (size_t)second, {(int16_t)lrintf((1.0f - rest) * ONE), (int16_t)lrintf(rest * ONE)}};
  return result;
}

/* Beside the left and the right edge a row has the weight of one pixel. */
static void weigh_columns(crema_resizer *resizer) {
  double scale = 1 / ((double)resizer->new_width / (double)resizer->width);
  for (size_t i = 0; i < resizer->new_width; i++) {
    crema_tap one = weigh(i, scale, resizer->width);
    if (one.first == one.second) {
      one.weights[0] = ONE;
      one.weights[1] = 0;
    }
    if (resizer->halves) one.weights[0] = one.weights[1] = 1;
    one.first *= resizer->channels;
    one.second *= resizer->channels;
    resizer->taps[i] = one;
  }
}

#ifdef __SSE2__
/* The first pixels of a row, four numbers at a time; says how many. `channels` is 3 or 4, `size` the row's number of bytes: a
   pixel is read with the one behind it, and with three channels two bytes more. */
static inline __attribute__((always_inline)) size_t stretch_quads(const crema_tap *taps, size_t count, int shift,
                                                                  const uint8_t *source, size_t size,
                                                                  const size_t channels, int16_t *row) {
  const __m128i zero = _mm_setzero_si128(), bits = _mm_cvtsi32_si128(shift);
  size_t i = 0;
  for (; i < count && taps[i].first + 8 <= size; i++, row += channels) {
    int32_t weights;
    memcpy(&weights, taps[i].weights, 4);
    __m128i both = _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)(source + taps[i].first)), zero);
    __m128i right = channels == 3 ? _mm_srli_si128(both, 6) : _mm_srli_si128(both, 8);
    __m128i sums = _mm_madd_epi16(_mm_unpacklo_epi16(both, right), _mm_set1_epi32(weights));
    _mm_storel_epi64((__m128i *)row, _mm_packs_epi32(_mm_sra_epi32(sums, bits), zero));
  }
  return i;
}
#endif

/* One row in its new width, with 15 bits, or as sums of two if the size is halved. `row` has room for one number more. */
FASTEST static void stretch(const crema_resizer *resizer, const uint8_t *source, int16_t *row) {
  const crema_tap *taps = resizer->taps;
  const size_t count = resizer->new_width, channels = resizer->channels;
  const int shift = resizer->shift;
  size_t done = 0;
#ifdef __SSE2__
  const size_t size = resizer->width * channels;
  if (channels == 3) done = stretch_quads(taps, count, shift, source, size, 3, row);
  if (channels == 4) done = stretch_quads(taps, count, shift, source, size, 4, row);
#endif
  row += done * channels;
  for (size_t i = done; i < count; i++, row += channels) {
    const uint8_t *left = source + taps[i].first, *right = source + taps[i].second;
    int a = taps[i].weights[0], b = taps[i].weights[1];
    for (size_t c = 0; c < channels; c++) row[c] = (int16_t)((left[c] * a + right[c] * b) >> shift);
  }
}

/* A row of the new image from two stretched ones. */
static void mix(const int16_t *upper, const int16_t *lower, const int16_t *weights, uint8_t *target, size_t count) {
  size_t i = 0;
  int16_t a = weights[0], b = weights[1];
#ifdef __SSE2__
  const __m128i above = _mm_set1_epi16(a), below = _mm_set1_epi16(b), two = _mm_set1_epi16(2);
  for (; i + 8 <= count; i += 8) {
    __m128i sum = _mm_add_epi16(_mm_mulhi_epi16(_mm_loadu_si128((const __m128i *)(upper + i)), above),
                                _mm_mulhi_epi16(_mm_loadu_si128((const __m128i *)(lower + i)), below));
    sum = _mm_srai_epi16(_mm_add_epi16(sum, two), 2);
    _mm_storel_epi64((__m128i *)(target + i), _mm_packus_epi16(sum, sum));
  }
#endif
  for (; i < count; i++) {
    int16_t sum = (int16_t)((int16_t)((upper[i] * a) >> 16) + (int16_t)((lower[i] * b) >> 16));
    target[i] = (uint8_t)((sum + 2) >> 2);
  }
}

/* The means of four from two rows of sums. */
static void halve(const int16_t *upper, const int16_t *lower, uint8_t *target, size_t count) {
  for (size_t i = 0; i < count; i++) target[i] = (uint8_t)((upper[i] + lower[i] + 2) >> 2);
}

static void set_next(crema_resizer *resizer, size_t row) {
  resizer->next = row;
  resizer->tap = weigh(row, 1 / ((double)resizer->new_height / (double)resizer->height), resizer->height);
}

int crema_resizer_start(crema_resizer *resizer, size_t width, size_t height, size_t channels, uint8_t *target,
                        size_t new_width, size_t new_height) {
  *resizer = (crema_resizer){width, height, channels, new_width, new_height, target, .count = new_width * channels};
  resizer->halves = width == 2 * new_width && height == 2 * new_height;
  resizer->shift = resizer->halves ? 0 : 4;
  resizer->taps = malloc(new_width * sizeof(crema_tap));
  resizer->memory = malloc(2 * (resizer->count + 1) * sizeof(int16_t));
  if (!resizer->taps || !resizer->memory) return CREMA_IMAGE_NO_MEMORY;
  weigh_columns(resizer);
  resizer->rows[0] = resizer->memory;
  resizer->rows[1] = resizer->memory + resizer->count + 1;
  set_next(resizer, 0);
  return CREMA_IMAGE_OK;
}

void crema_resizer_add(crema_resizer *resizer, const uint8_t *source, size_t row) {
  if (resizer->next == resizer->new_height || row < resizer->tap.first) return;
  int16_t *current = resizer->rows[0];
  resizer->rows[0] = resizer->rows[1];
  resizer->rows[1] = current;
  stretch(resizer, source, current);
  while (resizer->next < resizer->new_height && resizer->tap.second == row) {
    const int16_t *upper = resizer->rows[resizer->tap.first == row];
    uint8_t *target = resizer->target + resizer->next * resizer->count;
    if (resizer->halves) {
      halve(upper, current, target, resizer->count);
    } else {
      mix(upper, current, resizer->tap.weights, target, resizer->count);
    }
    set_next(resizer, resizer->next + 1);
  }
}

void crema_resizer_end(crema_resizer *resizer) {
  free(resizer->taps);
  free(resizer->memory);
}

int crema_resize(const uint8_t *source, size_t width, size_t height, size_t stride, size_t channels, uint8_t *target,
                 size_t new_width, size_t new_height) {
  if (new_width == width && new_height == height) {
    size_t count = width * channels;
    for (size_t row = 0; row < height; row++) memcpy(target + row * count, source + row * stride, count);
    return CREMA_IMAGE_OK;
  }
  crema_resizer resizer;
  int code = crema_resizer_start(&resizer, width, height, channels, target, new_width, new_height);
  for (size_t row = 0; row < height && code == CREMA_IMAGE_OK; row++) {
    crema_resizer_add(&resizer, source + row * stride, row);
  }
  crema_resizer_end(&resizer);
  return code;
}

FASTEST static void split_three(const uint8_t *pixels, size_t count, uint8_t *restrict first, uint8_t *restrict second,
                        uint8_t *restrict third) {
  for (size_t i = 0; i < count; i++) {
    first[i] = pixels[3 * i];
    second[i] = pixels[3 * i + 1];
    third[i] = pixels[3 * i + 2];
  }
}

void crema_planes(const uint8_t *pixels, size_t count, size_t channels, uint8_t *planes) {
  if (channels == 1) {
    memcpy(planes, pixels, count);
  } else if (channels == 3) {
    split_three(pixels, count, planes, planes + count, planes + 2 * count);
  } else {
    for (size_t c = 0; c < channels; c++) {
      for (size_t i = 0; i < count; i++) planes[c * count + i] = pixels[i * channels + c];
    }
  }
}

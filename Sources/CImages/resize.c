/* Bilinear resizing of 8-bit images with the numbers of OpenCV: weights are rounded to 11 bits, rows are kept with 15 bits. */
#include "CImages.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#pragma STDC FP_CONTRACT OFF

enum { ONE = 1 << 11 };

typedef struct {
  size_t first, second; /* where the two neighbours are */
  int16_t weights[2];
} tap;

static tap weigh(size_t place, double scale, size_t count) {
  float position = (float)(((double)place + 0.5) * scale - 0.5);
  long whole = (long)floorf(position);
  float rest = position - (float)whole;
  long last = (long)count - 1;
  long first = whole < 0 ? 0 : whole > last ? last : whole;
  long second = whole + 1 < 0 ? 0 : whole + 1 > last ? last : whole + 1;
  tap result = {(size_t)first, (size_t)second, {(int16_t)lrintf((1.0f - rest) * ONE), (int16_t)lrintf(rest * ONE)}};
  return result;
}

/* Beside the left and the right edge a row has the weight of one pixel. */
static void weigh_columns(tap *taps, size_t count, size_t old_count, double scale, size_t channels) {
  for (size_t i = 0; i < count; i++) {
    tap one = weigh(i, scale, old_count);
    if (one.first == one.second) {
      one.weights[0] = ONE;
      one.weights[1] = 0;
    }
    one.first *= channels;
    one.second *= channels;
    taps[i] = one;
  }
}

/* The first pixels of a row, three or four channels each, four at a time; says how many. `size` is the row's number of bytes: a
   pixel of three channels is read with the byte behind it. */
static size_t stretch_quads(const uint8_t *source, size_t size, const tap *taps, size_t count, size_t channels,
                            int16_t *row) {
#ifdef __SSE2__
  if (channels < 3) return 0;
  const __m128i zero = _mm_setzero_si128();
  size_t i = 0;
  for (; i < count && taps[i].second + 4 <= size; i++, row += channels) {
    int32_t left, right, weights;
    memcpy(&left, source + taps[i].first, 4);
    memcpy(&right, source + taps[i].second, 4);
    memcpy(&weights, taps[i].weights, 4);
    __m128i pairs = _mm_unpacklo_epi8(_mm_cvtsi32_si128(left), _mm_cvtsi32_si128(right));
    __m128i sums = _mm_madd_epi16(_mm_unpacklo_epi8(pairs, zero), _mm_set1_epi32(weights));
    _mm_storel_epi64((__m128i *)row, _mm_packs_epi32(_mm_srai_epi32(sums, 4), zero));
  }
  return i;
#else
  (void)source, (void)size, (void)taps, (void)count, (void)channels, (void)row;
  return 0;
#endif
}

/* One row in its new width, with 15 bits. `row` has room for one number more. */
static void stretch(const uint8_t *source, size_t size, const tap *taps, size_t count, size_t channels, int16_t *row) {
  size_t done = stretch_quads(source, size, taps, count, channels, row);
  row += done * channels;
  for (size_t i = done; i < count; i++) {
    const uint8_t *left = source + taps[i].first, *right = source + taps[i].second;
    int a = taps[i].weights[0], b = taps[i].weights[1];
    for (size_t c = 0; c < channels; c++) row[c] = (int16_t)((left[c] * a + right[c] * b) >> 4);
    row += channels;
  }
}

static void mix(const int16_t *upper, const int16_t *lower, const int16_t *weights, uint8_t *target, size_t count) {
  int16_t a = weights[0], b = weights[1];
  for (size_t i = 0; i < count; i++) {
    int16_t sum = (int16_t)((int16_t)((upper[i] * a) >> 16) + (int16_t)((lower[i] * b) >> 16));
    target[i] = (uint8_t)((sum + 2) >> 2);
  }
}

/* To exactly half the size: means of four. */
static void halve(const uint8_t *source, size_t stride, size_t channels, uint8_t *target, size_t width, size_t height) {
  for (size_t row = 0; row < height; row++) {
    const uint8_t *upper = source + 2 * row * stride, *lower = upper + stride;
    for (size_t i = 0; i < width; i++, upper += channels, lower += channels) {
      for (size_t c = 0; c < channels; c++, upper++, lower++) {
        *target++ = (uint8_t)((upper[0] + upper[channels] + lower[0] + lower[channels] + 2) >> 2);
      }
    }
  }
}

int crema_resize(const uint8_t *source, size_t width, size_t height, size_t stride, size_t channels, uint8_t *target,
                 size_t new_width, size_t new_height) {
  size_t count = new_width * channels;
  if (new_width == width && new_height == height) {
    for (size_t row = 0; row < height; row++) memcpy(target + row * count, source + row * stride, count);
    return CREMA_IMAGE_OK;
  }
  if (width == 2 * new_width && height == 2 * new_height) {
    halve(source, stride, channels, target, new_width, new_height);
    return CREMA_IMAGE_OK;
  }
  double scale_x = 1 / ((double)new_width / (double)width), scale_y = 1 / ((double)new_height / (double)height);
  tap *taps = malloc(new_width * sizeof(tap));
  int16_t *memory = malloc(2 * (count + 1) * sizeof(int16_t));
  if (!taps || !memory) {
    free(taps);
    free(memory);
    return CREMA_IMAGE_NO_MEMORY;
  }
  weigh_columns(taps, new_width, width, scale_x, channels);
  int16_t *rows[2] = {memory, memory + count + 1};
  size_t held[2] = {SIZE_MAX, SIZE_MAX};
  for (size_t row = 0; row < new_height; row++) {
    tap one = weigh(row, scale_y, height);
    size_t wanted[2] = {one.first, one.second};
    if (held[1] == wanted[0] && held[0] != wanted[0]) {
      int16_t *swapped = rows[0];
      rows[0] = rows[1];
      rows[1] = swapped;
      held[1] = held[0];
      held[0] = wanted[0];
    }
    for (int i = 0; i < 2; i++) {
      if (held[i] == wanted[i]) continue;
      stretch(source + wanted[i] * stride, width * channels, taps, new_width, channels, rows[i]);
      held[i] = wanted[i];
    }
    mix(rows[0], rows[1], one.weights, target + row * count, count);
  }
  free(taps);
  free(memory);
  return CREMA_IMAGE_OK;
}

void crema_planes(const uint8_t *pixels, size_t count, size_t channels, uint8_t *planes) {
  if (channels == 1) {
    memcpy(planes, pixels, count);
  } else if (channels == 3) {
    uint8_t *second = planes + count, *third = second + count;
    for (size_t i = 0; i < count; i++) {
      planes[i] = pixels[3 * i];
      second[i] = pixels[3 * i + 1];
      third[i] = pixels[3 * i + 2];
    }
  } else {
    for (size_t c = 0; c < channels; c++) {
      for (size_t i = 0; i < count; i++) planes[c * count + i] = pixels[i * channels + c];
    }
  }
}

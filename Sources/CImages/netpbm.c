/* PBM, PGM and PPM, in text and binary form, as OpenCV reads them. */
#include "CImages.h"
#include "pixels.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  crema_bytes bytes;
  size_t width, height;
  int samples; /* of a pixel */
  int is_bitmap, is_binary;
  uint32_t largest; /* the value of white */
} picture;

static int is_space(int character) { return character == ' ' || (character >= '\t' && character <= '\r'); }

static int next(crema_bytes *bytes) {
  uint8_t byte;
  crema_take(bytes, &byte, 1);
  return byte;
}

/* A number, after white space and comments, and the character behind it; of at most `digits` digits if that is not 0, then
   without that character. -1 if there is none, or if it is too large. */
static int64_t number(crema_bytes *bytes, int digits) {
  int character = next(bytes);
  while (character < '0' || character > '9') {
    if (bytes->is_short) return -1;
    if (character == '#') {
      while (character != '\n' && character != '\r' && !bytes->is_short) character = next(bytes);
    } else if (!is_space(character)) {
      return -1;
    }
    character = next(bytes);
  }
  int64_t value = 0;
  int count = 0;
  while (character >= '0' && character <= '9') {
    value = value * 10 + (character - '0');
    if (value > INT32_MAX) return -1;
    if (++count == digits) return value;
    character = next(bytes);
  }
  return bytes->is_short ? -1 : value;
}

/* What is wrong with the header; NULL if nothing is. */
static const char *read_header(picture *image) {
  uint8_t mark[2];
  crema_take(&image->bytes, mark, 2);
  int kind = mark[1] - '0';
  image->is_binary = kind >= 4;
  image->is_bitmap = kind == 1 || kind == 4;
  image->samples = kind == 3 || kind == 6 ? 3 : 1;
  int64_t width = number(&image->bytes, 0), height = number(&image->bytes, 0);
  int64_t largest = image->is_bitmap ? 1 : number(&image->bytes, 0);
  if (image->bytes.is_short) return "the bytes end in the header";
  if (width <= 0 || height <= 0) return "its header must have a width and a height of at least 1";
  if (largest <= 0 || largest > 65535) return "its largest value must be 1 to 65535";
  image->width = (size_t)width;
  image->height = (size_t)height;
  image->largest = (uint32_t)largest;
  return NULL;
}

/* A sample in 8 bits: numbers in text are scaled, those in bytes are taken as they are. -1 if there is none. */
static int sample(picture *image) {
  if (!image->is_binary) {
    int64_t value = number(&image->bytes, image->is_bitmap ? 1 : 0);
    if (value < 0) return -1;
    if (image->is_bitmap) return value ? 0 : 255;
    if (value > image->largest) value = image->largest;
    return (int)(image->largest > 255 ? value >> 8 : value * 255 / image->largest);
  }
  int high = next(&image->bytes);
  if (image->largest > 255) next(&image->bytes);
  return image->bytes.is_short ? -1 : high;
}

static const char *read_pixel(picture *image, uint8_t pixel[4]) {
  for (int i = image->samples - 1; i >= 0; i--) {
    int value = sample(image);
    if (value < 0) return image->bytes.is_short ? "the bytes end too early" : "it holds something that is no number";
    pixel[i] = (uint8_t)value;
  }
  if (image->samples == 1) pixel[1] = pixel[2] = pixel[0];
  return NULL;
}

static const char *read_rows(picture *from, crema_image *image) {
  uint8_t *target = image->pixels, byte = 0;
  for (size_t row = 0; row < from->height; row++) {
    for (size_t column = 0; column < from->width; column++, target += image->channels) {
      uint8_t pixel[4] = {0};
      if (from->is_bitmap && from->is_binary) {
        if (column % 8 == 0) byte = (uint8_t)next(&from->bytes);
        if (from->bytes.is_short) return "the bytes end too early";
        memset(pixel, byte >> (7 - column % 8) & 1 ? 0 : 255, 3);
      } else {
        const char *fault = read_pixel(from, pixel);
        if (fault) return fault;
      }
      crema_put_pixel(target, image->channels, pixel);
    }
  }
  return NULL;
}

int crema_netpbm_decode(const void *bytes, size_t count, int mode, crema_image *image) {
  memset(image, 0, sizeof *image);
  picture from = {.bytes = {bytes, count, 0}};
  const char *fault = read_header(&from);
  int code = fault ? CREMA_IMAGE_DAMAGED : CREMA_IMAGE_OK;
  if (!fault) {
    size_t channels = mode == CREMA_IMAGE_COLOR ? 3 : mode == CREMA_IMAGE_GRAY ? 1 : (size_t)from.samples;
    code = crema_allocate(image, from.width, from.height, channels, count * 8);
  }
  if (code == CREMA_IMAGE_OK && mode == CREMA_IMAGE_UNCHANGED && from.largest > 255) code = CREMA_IMAGE_SIXTEEN_BIT;
  if (code == CREMA_IMAGE_OK) fault = read_rows(&from, image);
  return crema_finish(image, code, fault);
}

/* The orientation in EXIF data, and turning images by it. An entry before it that points outside of the data ends the search,
   as in OpenCV. */
#include "CImages.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  const uint8_t *bytes;
  size_t count;
  int is_little, is_broken;
} exif;

static uint32_t number(exif *data, size_t offset, int bytes) {
  if (data->is_broken || offset > data->count || data->count - offset < (size_t)bytes) {
    data->is_broken = 1;
    return 0;
  }
  uint32_t value = 0;
  for (int i = 0; i < bytes; i++) {
    uint32_t byte = data->bytes[offset + (size_t)i];
    value = data->is_little ? value | byte << (8 * i) : value << 8 | byte;
  }
  return value;
}

static void check_text(exif *data, size_t entry) {
  size_t size = number(data, entry + 4, 4), start = 8;
  if (size > 4) start = number(data, entry + 8, 4);
  if (start > data->count || size > data->count - start) data->is_broken = 1;
}

static void check_fractions(exif *data, size_t entry, int count) {
  size_t start = number(data, entry + 8, 4);
  for (int i = 0; i < 2 * count; i++) number(data, start + 4 * (size_t)i, 4);
}

/* Reads an entry that is not the orientation: broken ones end the search. */
static void check_entry(exif *data, size_t entry, uint32_t tag) {
  switch (tag) {
    case 0x010E: case 0x010F: case 0x0110: case 0x0131: case 0x0132: case 0x8298: check_text(data, entry); break;
    case 0x011A: case 0x011B: check_fractions(data, entry, 1); break;
    case 0x0128: case 0x0213: number(data, entry + 8, 2); break;
    case 0x013E: check_fractions(data, entry, 2); break;
    case 0x0211: check_fractions(data, entry, 3); break;
    case 0x013F: case 0x0214: check_fractions(data, entry, 6); break;
    default: break;
  }
}

int crema_exif_orientation(const uint8_t *bytes, size_t count) {
  exif data = {bytes, count, 0, 0};
  data.is_little = count > 1 && bytes[0] == 'I' && bytes[1] == 'I';
  if (number(&data, 2, 2) != 42) return 1;
  size_t directory = number(&data, 4, 4);
  uint32_t entries = number(&data, directory, 2);
  for (uint32_t i = 0; i < entries && !data.is_broken; i++) {
    size_t entry = directory + 2 + 12 * (size_t)i;
    uint32_t tag = number(&data, entry, 2);
    if (tag != 0x0112) {
      check_entry(&data, entry, tag);
      continue;
    }
    uint32_t value = number(&data, entry + 8, 2);
    return !data.is_broken && value >= 1 && value <= 8 ? (int)value : 1;
  }
  return 1;
}

int crema_image_turn(crema_image *image, int orientation) {
  if (orientation <= 1 || orientation > 8) return CREMA_IMAGE_OK;
  size_t width = image->width, height = image->height, channels = image->channels;
  uint8_t *pixels = malloc(width * height * channels);
  if (!pixels) return CREMA_IMAGE_NO_MEMORY;
  int swaps = orientation >= 5;
  size_t rows = swaps ? width : height, columns = swaps ? height : width;
  uint8_t *target = pixels;
  for (size_t row = 0; row < rows; row++) {
    for (size_t column = 0; column < columns; column++, target += channels) {
      size_t y = swaps ? column : row, x = swaps ? row : column;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) y = height - 1 - y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) x = width - 1 - x;
      memcpy(target, image->pixels + (y * width + x) * channels, channels);
    }
  }
  free(image->pixels);
  image->pixels = pixels;
  image->width = columns;
  image->height = rows;
  return CREMA_IMAGE_OK;
}

/* Bytes and pixels of the decoders without a library. */
#include "pixels.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_SIDE = 1 << 20, LARGEST_AREA = 1 << 30 };

void crema_take(crema_bytes *bytes, uint8_t *target, size_t count) {
  if (bytes->left < count) {
    memset(target, 0, count);
  } else {
    memcpy(target, bytes->next, count);
  }
  crema_skip(bytes, count);
}

void crema_skip(crema_bytes *bytes, size_t count) {
  if (bytes->left < count) {
    bytes->is_short = 1;
    count = bytes->left;
  }
  if (count > 0) bytes->next += count;
  bytes->left -= count;
}

void crema_put_pixel(uint8_t *target, size_t channels, const uint8_t pixel[4]) {
  if (channels == 1) {
    target[0] = (uint8_t)((pixel[0] * 1868 + pixel[1] * 9617 + pixel[2] * 4899 + (1 << 13)) >> 14);
  } else {
    memcpy(target, pixel, channels);
  }
}

int crema_allocate(crema_image *image, size_t width, size_t height, size_t channels, size_t most) {
  image->width = width;
  image->height = height;
  image->channels = channels;
  if (width > LARGEST_SIDE || height > LARGEST_SIDE || width > LARGEST_AREA / height || width * height > most) {
    return CREMA_IMAGE_TOO_LARGE;
  }
  image->pixels = malloc(width * height * channels);
  return image->pixels ? CREMA_IMAGE_OK : CREMA_IMAGE_NO_MEMORY;
}

int crema_finish(crema_image *image, int code, const char *fault) {
  if (fault) {
    snprintf(image->message, sizeof image->message, "%s", fault);
    code = CREMA_IMAGE_DAMAGED;
  }
  if (code != CREMA_IMAGE_OK) {
    free(image->pixels);
    image->pixels = NULL;
  }
  return code;
}

void crema_keep_freed_memory(void) {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

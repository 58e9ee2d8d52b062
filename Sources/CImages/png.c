/* PNG through libpng. Its errors jump (longjmp) back to here and come out as codes; no jump leaves this file. */
#include "CImages.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_SIDE = 1 << 20, LARGEST_AREA = 1 << 30, LARGEST_EXPANSION = 1100 };

typedef struct {
  const uint8_t *next;
  size_t left;
} source;

static void on_error(png_structp png, png_const_charp text) {
  snprintf(png_get_error_ptr(png), 128, "%s", text);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  source *from = png_get_io_ptr(png);
  if (count > from->left) png_error(png, "the bytes end too early");
  memcpy(target, from->next, count);
  from->next += count;
  from->left -= count;
}

static size_t channels_of(png_structp png, png_infop info, int mode) {
  if (mode == CREMA_IMAGE_COLOR) return 3;
  if (mode == CREMA_IMAGE_GRAY) return 1;
  int type = png_get_color_type(png, info);
  if (type & PNG_COLOR_MASK_ALPHA) return 4;
  if (!(type & PNG_COLOR_MASK_COLOR)) return 1;
  png_bytep alphas = NULL;
  png_color_16p color = NULL;
  int count = 0;
  png_get_tRNS(png, info, &alphas, &count, &color);
  return count > 0 ? 4 : 3;
}

/* Whether so few bytes can hold so many pixels; deflate makes at most 1032 bytes of one. */
static int is_plausible(png_structp png, png_infop info, size_t count) {
  size_t width = png_get_image_width(png, info), height = png_get_image_height(png, info);
  if (width > LARGEST_SIDE || height > LARGEST_SIDE || width > LARGEST_AREA / height) return 0;
  return png_get_rowbytes(png, info) * height / LARGEST_EXPANSION <= count + 64;
}

/* Asks libpng for 8-bit samples in the wanted channels. */
static void set_transformations(png_structp png, png_infop info, size_t channels) {
  int type = png_get_color_type(png, info), depth = png_get_bit_depth(png, info);
  if (depth == 16) png_set_strip_16(png);
  if (channels < 4) {
    png_set_strip_alpha(png);
  } else {
    png_set_tRNS_to_alpha(png);
  }
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (!(type & PNG_COLOR_MASK_COLOR) && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
  if (channels == 1) {
    png_set_rgb_to_gray(png, PNG_ERROR_ACTION_NONE, 0.299, 0.587);
  } else if (type & PNG_COLOR_MASK_COLOR) {
    png_set_bgr(png);
  } else {
    png_set_gray_to_rgb(png);
  }
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
}

static int orientation_of(png_structp png, png_infop info) {
  png_bytep data = NULL;
  png_uint_32 count = 0;
  if (!png_get_eXIf_1(png, info, &count, &data) || !data) return 1;
  return crema_exif_orientation(data, count);
}

/* The part that may jump: everything it must give back is in `image` and `rows`. */
static int decode(png_structp png, png_infop info, size_t count, int mode, crema_image *image, png_bytep **rows,
                  int *orientation) {
  if (setjmp(png_jmpbuf(png))) return CREMA_IMAGE_DAMAGED;
  png_read_info(png, info);
  image->width = png_get_image_width(png, info);
  image->height = png_get_image_height(png, info);
  image->channels = channels_of(png, info, mode);
  if (!is_plausible(png, info, count)) return CREMA_IMAGE_TOO_LARGE;
  if (mode == CREMA_IMAGE_UNCHANGED && png_get_bit_depth(png, info) == 16) return CREMA_IMAGE_SIXTEEN_BIT;
  set_transformations(png, info, image->channels);
  size_t stride = image->width * image->channels;
  if (png_get_rowbytes(png, info) != stride) png_error(png, "its channels are not as announced");
  image->pixels = malloc(stride * image->height);
  *rows = malloc(image->height * sizeof(png_bytep));
  if (!image->pixels || !*rows) return CREMA_IMAGE_NO_MEMORY;
  for (size_t row = 0; row < image->height; row++) (*rows)[row] = image->pixels + row * stride;
  png_read_image(png, *rows);
  png_read_end(png, info);
  if (mode != CREMA_IMAGE_UNCHANGED) *orientation = orientation_of(png, info);
  return CREMA_IMAGE_OK;
}

int crema_png_decode(const void *bytes, size_t count, int mode, crema_image *image) {
  memset(image, 0, sizeof *image);
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, image->message, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  int code = CREMA_IMAGE_NO_MEMORY, orientation = 1;
  if (info) {
    source from = {bytes, count};
    png_bytep *rows = NULL;
    png_set_read_fn(png, &from, read_bytes);
    code = decode(png, info, count, mode, image, &rows, &orientation);
    free(rows);
  }
  png_destroy_read_struct(&png, &info, NULL);
  if (code == CREMA_IMAGE_OK) code = crema_image_turn(image, orientation);
  if (code != CREMA_IMAGE_OK) {
    free(image->pixels);
    image->pixels = NULL;
  }
  return code;
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  crema_encoded *to = png_get_io_ptr(png);
  if (to->capacity - to->count < count) {
    size_t capacity = (to->count + count) * 2;
    uint8_t *larger = realloc(to->bytes, capacity);
    if (!larger) png_error(png, "no memory is left");
    to->bytes = larger;
    to->capacity = capacity;
  }
  memcpy(to->bytes + to->count, bytes, count);
  to->count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

static int encode(png_structp png, png_infop info, const uint8_t *pixels, size_t width, size_t height,
                  size_t channels) {
  static const int types[] = {0, PNG_COLOR_TYPE_GRAY, 0, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  if (setjmp(png_jmpbuf(png))) return CREMA_IMAGE_DAMAGED;
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
  png_set_compression_level(png, 1);
  png_set_compression_strategy(png, 3); /* runs: fast, and what OpenCV writes */
  png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, types[channels], PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  png_set_bgr(png);
  for (size_t row = 0; row < height; row++) png_write_row(png, pixels + row * width * channels);
  png_write_end(png, info);
  return CREMA_IMAGE_OK;
}

int crema_png_encode(const void *pixels, size_t width, size_t height, size_t channels, crema_encoded *encoded) {
  memset(encoded, 0, sizeof *encoded);
  if ((channels != 1 && channels != 3 && channels != 4) || width > LARGEST_SIDE || height > LARGEST_SIDE) {
    return CREMA_IMAGE_TOO_LARGE;
  }
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, encoded->message, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  int code = CREMA_IMAGE_NO_MEMORY;
  if (info) {
    png_set_write_fn(png, encoded, write_bytes, flush_nothing);
    code = encode(png, info, pixels, width, height, channels);
  }
  png_destroy_write_struct(&png, &info);
  if (code != CREMA_IMAGE_OK) {
    free(encoded->bytes);
    encoded->bytes = NULL;
  }
  return code;
}

void crema_image_free(void *memory) { free(memory); }
